"""An application that has its gallery in Qdrant's local mode, in one process with the migration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from application import HOSTILE, OLD, Make, Row
from qdrant_client import models

from backfill.live.base import Database
from backfill.live.databases import DATABASES
from backfill.live.databases.qdrant import clients
from backfill.live.terms import Id

MEMORY = Path("/dev/shm")  # the local mode syncs every point to the disk by itself
NAMES = {"collection": "items", "content": "body", "vector": "embedding", "colour": "colour"}


@contextmanager
def applications() -> Iterator[Make]:
    made: list[InQdrant] = []
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as root:

        def make(folder: Path, **options: Any) -> InQdrant:
            made.append(InQdrant(Path(root) / str(len(made)), **options))
            return made[-1]

        yield make
        for each in made:
            clients.close(each.client)


class _Vectors(dict[str, Any]):
    """Vectors by name; each search of the local mode scales those it sees anew, in place."""

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, _Vectors)
        return self.keys() == other.keys() and all(
            np.allclose(self[name], other[name], rtol=0, atol=1e-6) for name in self
        )

    __hash__ = None  # type: ignore[assignment]


class InQdrant:
    whole = True

    def __init__(self, folder: Path, *, hostile: bool = False, whole: bool = True) -> None:
        if not whole:
            pytest.skip("keys are whole numbers or UUIDs here")
        allowed = HOSTILE.replace('"', "")
        self.names = {k: allowed + v if hostile else v for k, v in NAMES.items()}
        self.colour = self.names["colour"]
        self.collection = self.names["collection"]
        self.path = folder
        self.path.mkdir()
        self.client = clients.opened(self.settings())
        self.api = self.client.api
        vectors = {
            self.names["vector"]: models.VectorParams(size=OLD, distance=models.Distance.COSINE)
        }
        self.api.create_collection(self.collection, vectors_config=vectors)

    def open(self, **settings: Any) -> Database:
        return DATABASES["qdrant"].open("trial", self.settings(**settings))

    def insert(self, rows: dict[Id, Row]) -> None:
        points = [
            models.PointStruct(
                id=key,
                vector={} if row.vector is None else {self.names["vector"]: row.vector.tolist()},
                payload={self.names["content"]: row.text, self.colour: row.colour},
            )
            for key, row in rows.items()
        ]
        with self.client.together:
            self.api.upsert(self.collection, points)

    def update(self, key: Id, **values: Any) -> None:
        with self.client.together:
            if "vector" in values:
                self._put_vector(key, values.pop("vector"))
            payload = {self.names["content" if k == "text" else k]: v for k, v in values.items()}
            if payload:
                self.api.set_payload(self.collection, payload, points=[key])

    def delete(self, keys: Sequence[Id]) -> None:
        with self.client.together:
            self.api.delete(self.collection, models.PointIdsList(points=list(keys)))

    def fetch(self) -> dict[Id, Row]:
        found = {}
        for point in self._points():
            vector = (point.vector or {}).get(self.names["vector"])
            found[point.id] = Row(
                point.payload.get(self.names["content"]),
                None if vector is None else np.array(vector, np.float32),
                point.payload.get(self.colour),
            )
        return found

    def image(self) -> Any:
        with self.client.together:
            config = self.api.get_collection(self.collection).config
            names = sorted(each.name for each in self.api.get_collections().collections)
        points = [(point.id, point.payload, _Vectors(point.vector)) for point in self._points()]
        return points, config.model_dump(), names

    def unseen(self) -> nullcontext[None]:
        return nullcontext()

    def mistakes(self) -> dict[str, dict[str, Any]]:
        return {
            "database.collection": {"collection": "nowhere"},
            "database.vector": {"vector": "nowhere"},
            "database.path": {"path": self.path / "nowhere"},
        }

    @property
    def section(self) -> dict[str, Any]:
        return {
            "path": self.path, "collection": self.collection, "content": [self.names["content"]],
            "vector": self.names["vector"], "patience": 5,
        }  # fmt: skip

    def settings(self, **settings: Any) -> Any:
        return DATABASES["qdrant"].settings.model_validate(self.section | settings)

    def _put_vector(self, key: Id, vector: Any) -> None:
        name = self.names["vector"]
        if vector is None:
            self.api.delete_vectors(self.collection, [name], points=[key])
        else:
            point = models.PointVectors(id=key, vector={name: vector.tolist()})
            self.api.update_vectors(self.collection, [point])

    def _points(self) -> list[Any]:
        with self.client.together:
            return self.api.scroll(self.collection, limit=100_000, with_vectors=True)[0]
