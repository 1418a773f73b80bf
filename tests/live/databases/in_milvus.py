"""An application that has its gallery in Milvus Lite, in one process with the migration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from application import OLD, Make, Row
from milvus_lite.server_manager import server_manager_instance
from pymilvus import DataType, MilvusClient

from backfill.live.base import Database
from backfill.live.databases import DATABASES
from backfill.live.databases.milvus.expressions import among
from backfill.live.terms import Id

MEMORY = Path("/dev/shm")
# The names of Milvus are identifiers: there are no hostile ones.
ITEMS, KEY, TEXT, VECTOR, COLOUR = "items", "item_key", "body", "embedding", "colour"
NONE = [0.0] * OLD  # Milvus Lite gives missing vectors as zeros, and takes none over its protocol


@contextmanager
def applications() -> Iterator[Make]:
    numbers = count()
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as root:
        path = f"{root}/lite.db"
        root_client = MilvusClient(path)

        def make(folder: Path, **options: Any) -> InMilvus:
            name = f"number_{next(numbers)}"
            root_client.create_database(name)
            return InMilvus(path, name, **options)

        yield make
        server_manager_instance.release_server(path)


class InMilvus:
    colour = COLOUR

    def __init__(self, path: str, name: str, *, hostile: bool = False, whole: bool = True) -> None:
        self.whole = whole
        self.place = {"uri": path, "db_name": name}
        self.client = MilvusClient(**self.place)
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        if whole:
            schema.add_field(KEY, DataType.INT64, is_primary=True)
        else:
            schema.add_field(KEY, DataType.VARCHAR, max_length=100, is_primary=True)
        schema.add_field(TEXT, DataType.VARCHAR, max_length=1000, nullable=True)
        schema.add_field(VECTOR, DataType.FLOAT_VECTOR, dim=OLD, nullable=True)
        schema.add_field(COLOUR, DataType.VARCHAR, max_length=100, nullable=True)
        self.client.create_collection(ITEMS, schema=schema)
        index = MilvusClient.prepare_index_params()
        index.add_index(VECTOR, index_type="AUTOINDEX", metric_type="COSINE")
        self.client.create_index(ITEMS, index, sync=False)
        self.client.load_collection(ITEMS)

    def open(self, **settings: Any) -> Database:
        kind = DATABASES["milvus"]
        section = self.place | {
            "collection": ITEMS, "content": [TEXT], "vector": VECTOR, "patience": 5,
        }  # fmt: skip
        return kind.open("trial", kind.settings.model_validate(section | settings))

    def insert(self, rows: dict[Id, Row]) -> None:
        self.client.upsert(
            ITEMS,
            [
                {
                    KEY: key,
                    TEXT: row.text,
                    VECTOR: NONE if row.vector is None else row.vector.tolist(),
                    COLOUR: row.colour,
                }
                for key, row in rows.items()
            ],
        )

    def update(self, key: Id, **values: Any) -> None:
        row = self._rows(among(KEY, [key]))[key]
        self.insert({key: row._replace(**values)})

    def delete(self, keys: Sequence[Id]) -> None:
        self.client.delete(ITEMS, filter=among(KEY, keys))

    def fetch(self) -> dict[Id, Row]:
        return self._rows("")

    def image(self) -> Any:
        rows = self.client.query(ITEMS, limit=10_000, iterator="True")
        indexes = self.client.list_indexes(ITEMS)
        return (
            self.client.describe_collection(ITEMS),
            [str(row) for row in rows],
            [self.client.describe_index(ITEMS, index) for index in indexes],
            sorted(self.client.list_collections()),
            self.client.list_aliases(),
        )

    def unseen(self) -> nullcontext[None]:
        return nullcontext()

    def mistakes(self) -> dict[str, dict[str, Any]]:
        return {
            "database.uri": {"uri": "/nowhere/at_all.db"},
            "database.collection": {"collection": "nowhere"},
            "database.content": {"content": ["nowhere"]},
            "database.vector": {"vector": "nowhere"},
        }

    def _rows(self, condition: str) -> dict[Id, Row]:
        fields = [KEY, TEXT, VECTOR, COLOUR]
        found = self.client.query(ITEMS, condition, fields, limit=10_000)
        vectors = [np.array(row[VECTOR], np.float32) for row in found]
        return {
            row[KEY]: Row(row[TEXT], vector if vector.any() else None, row[COLOUR])
            for row, vector in zip(found, vectors, strict=True)
        }
