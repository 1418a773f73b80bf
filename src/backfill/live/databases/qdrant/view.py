"""A collection as it is now, with what a migration set up in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qdrant_client import models

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.base import Id
from backfill.live.databases.qdrant import filters
from backfill.live.databases.qdrant.clients import Client, unless_missing
from backfill.live.databases.qdrant.notes import Prepared
from backfill.live.databases.qdrant.settings import QdrantSettings
from backfill.live.fingerprint import fingerprint, text_of

PRINT_WIDTH = 32  # bytes of SHA-256
_PAGE, _LOCAL_PAGE = 1000, 10_000  # the local mode looks at all points for each page


@dataclass(frozen=True)
class Names:
    """What a migration adds.

    Attributes:
        notes: collection of its own.
        new: name of the new vectors.
        print: name of the vectors that are their fingerprints.
    """

    notes: str
    new: str
    print: str

    @classmethod
    def of(cls, name: str) -> Names:
        """By the name of the migration."""
        return cls(f"backfill_{name}", f"backfill_{name}", f"backfill_{name}_fingerprint")


@dataclass(frozen=True)
class View:
    """The collection and its vectors.

    Attributes:
        client: of the database.
        settings: of the collection.
        names: of the migration.
        vectors: parameters by name; the empty name for vectors without one.
        prepared: what was set up; None before.
    """

    client: Client
    settings: QdrantSettings
    names: Names
    vectors: dict[str, models.VectorParams]
    prepared: Prepared | None

    @property
    def old(self) -> str | None:
        """Name of the old vectors; None after they were given up."""
        return self.settings.vector if self.settings.vector in self.vectors else None

    @property
    def item(self) -> models.Filter:
        """There is content or an old vector."""
        return filters.item(self.settings.content, self.old)

    def the_old(self) -> str:
        """Name of the old vectors.

        Raises:
            InputError: they are not there.
        """
        if self.old is None:
            raise InputError(
                f"database.vector: expected one of {', '.join(map(repr, self.vectors))}, got "
                f"{self.settings.vector!r}"
            )
        return self.old

    def content(self, payload: dict[str, Any] | None) -> list[object]:
        """The parts of an item's content."""
        return [(payload or {}).get(key) for key in self.settings.content]

    def print_of(self, payload: dict[str, Any] | None) -> str:
        """The fingerprint of an item's current content."""
        assert self.prepared is not None
        return fingerprint(self.prepared.model, text_of(self.content(payload)))

    def is_done(self, point: Any) -> bool:
        """Whether the fingerprint beside its new vector is that of its current content."""
        stored = vector_of(point, self.names.print)
        return stored is not None and as_hex(stored) == self.print_of(point.payload)

    @property
    def payload(self) -> list[str]:
        """What of the payload makes the content."""
        return [filters.quoted(key) for key in self.settings.content]

    def points(
        self, condition: models.Filter, vectors: Sequence[str] = (), *, payload: bool = True
    ) -> Iterator[Any]:
        """All points that hold a condition, page by page."""
        page: Any = None
        limit = _LOCAL_PAGE if self.client.local else _PAGE
        while True:
            found, page = self.client.api.scroll(
                self.settings.collection,
                scroll_filter=condition,
                limit=limit,
                offset=page,
                with_payload=self.payload if payload else False,
                with_vectors=list(vectors) or False,
            )
            yield from found
            if page is None:
                return

    def some_points(self, ids: Sequence[Id], vectors: Sequence[str] = ()) -> list[Any]:
        """Those of the points that are there, in this order."""
        found = self.client.api.retrieve(
            self.settings.collection,
            list(ids),
            with_payload=self.payload,
            with_vectors=list(vectors) or False,
        )
        place = {id_: place for place, id_ in enumerate(ids)}
        return sorted(found, key=lambda point: place[point.id])


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


def vector_of(point: Any, name: str) -> Float32s | None:
    """A vector of a point; None if it has none of this name."""
    found = point.vector
    if isinstance(found, list):
        found = {"": found}
    found = (found or {}).get(name)
    return None if found is None else np.asarray(found, np.float32)


def as_hex(stored: Float32s) -> str:
    """A fingerprint that was stored as a vector."""
    return stored.astype(np.uint8).tobytes().hex()


def as_vector(print_: str) -> list[float]:
    """A fingerprint as a vector: its bytes, which 32-bit floats hold exactly."""
    return [float(byte) for byte in bytes.fromhex(print_)]
