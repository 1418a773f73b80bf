"""The section `database` of a migration in Qdrant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, model_validator

from backfill.errors import needs
from backfill.live.base import Database
from backfill.live.databases.registry import DatabaseSettings, database


def _beside(path: Path, info: ValidationInfo) -> Path:
    """A path that is relative to the migration's file."""
    folder = (info.context or {}).get("folder")
    return (path if folder is None else Path(folder) / path.expanduser()).absolute()


def _key(name: str) -> str:
    if '"' in name:
        raise ValueError(f'expected a key of the payload without ", got {name!r}')
    return name


class QdrantSettings(DatabaseSettings):
    """A collection of Qdrant."""

    kind: Literal["qdrant"] = "qdrant"
    url: str | None = Field(None, description="of a server; or else `path`")
    api_key: SecretStr | None = Field(None, description="of the server")
    path: Annotated[Path, AfterValidator(_beside)] | None = Field(
        None, description="folder of the local mode, which one process at a time can use"
    )
    collection: str = Field(min_length=1, description="the gallery")
    content: list[Annotated[str, Field(min_length=1), AfterValidator(_key)]] = Field(
        min_length=1, description="keys of the payload whose texts are joined by newlines"
    )
    vector: str = Field("", description="name of the old vectors; empty for the one without")
    timeout: int = Field(30, ge=1, description="seconds that one request may take")
    patience: float = Field(60.0, ge=0, description="seconds over which failures are retried")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) == (self.path is None):
            raise ValueError("expected url or path, got both or neither")
        return self


@database(QdrantSettings)
def open_qdrant(name: str, settings: QdrantSettings) -> Database:
    """Open a collection.

    Raises:
        InputError: the client is not installed, the server does not answer, another process uses
            the folder, or the collection is not there.
    """
    with needs("qdrant"):
        from backfill.live.databases.qdrant.gallery import Qdrant
    return Qdrant(name, settings)
