"""PostgreSQL with pgvector: new vectors in a table beside the gallery, which stays as it is."""

from __future__ import annotations

from backfill.errors import needs
from backfill.live.base import Database
from backfill.live.databases.postgres.settings import PostgresSettings
from backfill.live.databases.registry import database

__all__ = ["PostgresSettings", "postgres"]


@database(PostgresSettings)
def postgres(name: str, settings: PostgresSettings) -> Database:
    """Open a gallery.

    Raises:
        InputError: packages are missing, or the URL is not one.
    """
    with needs("postgres"):
        from backfill.live.databases.postgres.gallery import Postgres
    return Postgres(name, settings)
