"""The section `database` of a migration in LanceDB."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

from backfill.errors import needs
from backfill.live.base import Database
from backfill.live.databases.registry import DatabaseSettings, database


def _name(name: str) -> str:
    if "`" in name or "." in name:
        raise ValueError(f"expected a column's name without ` and ., got {name!r}")
    return name


def _key_name(name: str) -> str:
    if '"' in name:
        raise ValueError(
            f'expected a name without ", which merges of LanceDB fail on, got {name!r}'
        )
    return name


Column = Annotated[str, Field(min_length=1), AfterValidator(_name)]


def _beside(uri: str, info: ValidationInfo) -> str:
    """A path that is relative to the migration's file; other addresses stay as they are."""
    folder = (info.context or {}).get("folder")
    if "://" in uri or folder is None:
        return uri
    return str(Path(folder) / Path(uri).expanduser())


class LanceSettings(DatabaseSettings):
    """A table of a LanceDB database."""

    kind: Literal["lancedb"] = "lancedb"
    uri: Annotated[str, AfterValidator(_beside)] = Field(
        description="folder of the database, or its address in object storage"
    )
    table: str = Field(min_length=1, description="the gallery")
    id: Annotated[Column, AfterValidator(_key_name)] = Field(
        "id", description="column of keys, integers or strings"
    )
    content: list[Column] = Field(min_length=1, description="columns of text, joined by newlines")
    vector: Column = Field("vector", description="column of the old vectors")
    storage_options: dict[str, SecretStr] = Field(
        {}, description="of object storage, such as credentials"
    )
    timeout: float = Field(30.0, gt=0, description="seconds that one write may take")
    patience: float = Field(60.0, ge=0, description="seconds over which failures are retried")


@database(LanceSettings)
def open_lance(name: str, settings: LanceSettings) -> Database:
    """Open a table.

    Raises:
        InputError: LanceDB is not installed, or the database or the table is not there.
    """
    with needs("lancedb"):
        from backfill.live.databases.lancedb.gallery import Lance
    return Lance(name, settings)
