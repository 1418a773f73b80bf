"""The section `database` of a migration in Milvus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from backfill.errors import needs
from backfill.live.base import Database
from backfill.live.databases.registry import DatabaseSettings, database

_IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]*$"  # of Milvus, and all that its expressions can name

Name = Annotated[str, Field(pattern=_IDENTIFIER, max_length=255)]


def _address(uri: str, info: ValidationInfo) -> str:
    """An address, or a file, whose path may be relative to the migration's."""
    if "://" in uri:
        return uri
    if not uri.endswith(".db"):
        raise ValueError(
            "expected an address such as http://host:19530, or a file that ends in .db"
        )
    folder = (info.context or {}).get("folder")
    path = Path(uri).expanduser()
    return str((path if folder is None else Path(folder) / path).absolute())


class MilvusSettings(DatabaseSettings):
    """A collection of Milvus."""

    kind: Literal["milvus"] = "milvus"
    uri: Annotated[str, AfterValidator(_address)] = Field(
        description="of a server, or the .db file of Milvus Lite, which one process can use"
    )
    token: SecretStr | None = Field(None, description="of a server: a key, or user:password")
    db_name: str = Field("", description="database of the server; empty for the default one")
    collection: Name = Field(description="the gallery")
    content: list[Name] = Field(min_length=1, description="fields of text, joined by newlines")
    vector: Name = Field("vector", description="field of the old vectors")
    consistency: Literal["Strong", "Session", "Bounded", "Eventually"] = Field(
        "Strong", description="of searches: how fresh; everything else reads what is newest"
    )
    timeout: float = Field(30.0, gt=0, description="seconds that one request may take")
    patience: float = Field(60.0, ge=0, description="seconds over which failures are retried")


@database(MilvusSettings)
def open_milvus(name: str, settings: MilvusSettings) -> Database:
    """Open a collection.

    Raises:
        InputError: the client is not installed, the server does not answer, another process uses
            the file, or the collection is not there.
    """
    with needs("milvus"):
        from backfill.live.databases.milvus.gallery import Milvus
    return Milvus(name, settings)
