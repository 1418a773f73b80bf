"""The section `database` of a migration in PostgreSQL."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr

from backfill.live.databases.registry import DatabaseSettings


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class PostgresSettings(DatabaseSettings):
    """A table with content and a column of old vectors."""

    model_config = ConfigDict(populate_by_name=True)

    kind: Literal["postgres"] = "postgres"
    url: SecretStr = Field(
        description="postgresql://user:password@host:port/database; take it from the environment"
    )
    in_schema: str = Field("public", alias="schema", min_length=1, description="of the table")
    table: str = Field(min_length=1, description="the gallery")
    id: str = Field("id", min_length=1, description="column of its key, unique and never null")
    content: Annotated[list[str], BeforeValidator(_listed)] = Field(
        min_length=1, description="column or columns whose text is embedded"
    )
    vector: str = Field("embedding", min_length=1, description="column of the old vectors")
    m: int = Field(16, ge=2, le=100, description="of the HNSW index of new vectors")
    ef_construction: int = Field(64, ge=4, le=1000, description="of the same index")
    ef_search: int = Field(40, ge=1, le=1000, description="of searches by an HNSW index")
    connect_timeout: int = Field(10, ge=1, description="seconds")
    statement_timeout: float = Field(30, gt=0, description="seconds that a search may take")
    patience: float = Field(60, ge=0, description="seconds to try again when the server is away")
