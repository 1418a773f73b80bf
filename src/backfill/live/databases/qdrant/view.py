"""A collection as it is now, with what a migration set up in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from qdrant_client import models

from backfill.arrays import Float32s
from backfill.errors import InputError
from backfill.live.databases.qdrant import filters
from backfill.live.databases.qdrant.clients import Client, unless_missing
from backfill.live.databases.qdrant.names import Names
from backfill.live.databases.qdrant.notes import Prepared
from backfill.live.databases.qdrant.points import as_hex, vector_of
from backfill.live.databases.qdrant.settings import QdrantSettings
from backfill.live.fingerprint import fingerprint, text_of
from backfill.live.terms import Id

_ALIKE = 1e-5  # of components: the local mode scales old vectors to length 1 again and again
_PAGE, _LOCAL_PAGE = 1000, 10_000  # the local mode looks at all points for each page


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
    def carries(self) -> bool:
        """Whether old vectors are carried forward, and there are any."""
        there = self.old is not None and self.names.carried in self.vectors
        return there and self.names.source in self.vectors

    @property
    def waiting(self) -> str | None:
        """Name of the vectors by which waiting items are found; None if there are none."""
        return self.names.carried if self.carries else self.old

    @property
    def beside(self) -> list[str]:
        """Names of the vectors that tell on which side an item is, and whether it was carried."""
        found = [self.names.print] if self.prepared else []
        return [*found, self.names.source, str(self.old)] if self.carries else found

    def is_carried(self, point: Any) -> bool:
        """Whether its old vector is the one that was carried forward."""
        return self.has_old(point, vector_of(point, self.names.source))

    def has_old(self, point: Any, vector: Float32s | None) -> bool:
        """Whether this is its old vector."""
        old = vector_of(point, str(self.old))
        return old is not None and vector is not None and np.allclose(old, vector, 0, _ALIKE)

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

    def put(self, points: list[models.PointVectors], condition: models.Filter) -> None:
        """Write vectors of those points that are there and hold a condition."""
        with unless_missing():  # of points that are gone; the others are written
            self.client.api.update_vectors(
                self.settings.collection, points, update_filter=condition
            )
