"""Looking at a collection: its vectors, and what a migration set up in it."""

from __future__ import annotations

from qdrant_client import models

from backfill.errors import InputError
from backfill.live.databases.qdrant.clients import Client, unless_missing
from backfill.live.databases.qdrant.names import Names
from backfill.live.databases.qdrant.notes import Prepared
from backfill.live.databases.qdrant.settings import QdrantSettings
from backfill.live.databases.qdrant.view import View


def look(client: Client, settings: QdrantSettings, names: Names, prepared: Prepared | None) -> View:
    """The collection as it is now.

    Raises:
        InputError: it is not there.
    """
    with unless_missing():
        found = client.api.get_collection(settings.collection).config.params.vectors
        vectors = {"": found} if isinstance(found, models.VectorParams) else dict(found or {})
        return View(client, settings, names, vectors, prepared)
    raise InputError(f"database.collection: expected one that is there, got {settings.collection}")
