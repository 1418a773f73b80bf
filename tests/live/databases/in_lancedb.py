"""An application that has its gallery in LanceDB."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
from application import HOSTILE, OLD, Make, Row
from lancedb.expr import col, lit

from backfill.live.base import Database
from backfill.live.databases import DATABASES
from backfill.live.terms import Id

NAMES = {"id": "id", "text": "body", "vector": "embedding", "colour": "colour"}
TABLE = "items"


@contextmanager
def applications() -> Iterator[Make]:
    yield InLanceDB


class InLanceDB:
    def __init__(self, folder: Path, *, hostile: bool = False, whole: bool = True) -> None:
        self.whole = whole
        self.names = {k: HOSTILE + v if hostile else v for k, v in NAMES.items()}
        self.names["id"] = self.names["id"].replace('"', "")
        self.colour = self.names["colour"]
        self.uri = str(folder / "lance")
        self.schema = pa.schema(
            {
                self.names["id"]: pa.int64() if whole else pa.string(),
                self.names["text"]: pa.string(),
                self.names["vector"]: pa.list_(pa.float32(), OLD),
                self.names["colour"]: pa.string(),
            }
        )
        self.database = lancedb.connect(self.uri)
        self.table = self.database.create_table(TABLE, schema=self.schema)

    def open(self, **settings: Any) -> Database:
        kind = DATABASES["lancedb"]
        return kind.open("trial", kind.settings.model_validate(self.section | settings))

    @property
    def section(self) -> dict[str, Any]:
        return {
            "uri": self.uri, "table": TABLE, "id": self.names["id"],
            "content": [self.names["text"]], "vector": self.names["vector"], "patience": 5,
        }  # fmt: skip

    def insert(self, rows: dict[Id, Row]) -> None:
        values = [[key, row.text, row.vector, row.colour] for key, row in rows.items()]
        named = [dict(zip(self.schema.names, each, strict=True)) for each in values]
        self.table.checkout_latest()
        if getattr(sys.modules.get("datasets"), "__file__", None) is None:
            sys.modules.pop("datasets", None)  # tests/datasets, which others took for a package
        self.table.add(pa.Table.from_pylist(named, self.schema))

    def update(self, key: Id, **values: Any) -> None:
        changed = {self.names[name]: value for name, value in values.items()}
        changed = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in changed.items()}
        self.table.checkout_latest()
        self.table.update(where=self._key(key), values=changed)

    def delete(self, keys: Sequence[Id]) -> None:
        self.table.checkout_latest()
        for key in keys:
            self.table.delete(self._key(key))

    def fetch(self) -> dict[Id, Row]:
        self.table.checkout_latest()
        rows = self.table.search().select(self.schema.names).to_arrow().to_pylist()
        return {
            key: Row(text, None if vector is None else np.array(vector, np.float32), colour)
            for key, text, vector, colour in (row.values() for row in rows)
        }

    def image(self) -> Any:
        self.table.checkout_latest()
        rows = self.table.to_arrow()
        return (
            rows.schema.to_string(),
            rows.sort_by(self.names["id"]).to_pylist(),
            [index.name for index in self.table.list_indices()],
            sorted(self.database.list_tables().tables),
        )

    def unseen(self) -> nullcontext[None]:
        return nullcontext()

    def mistakes(self) -> dict[str, dict[str, Any]]:
        return {
            "database.table": {"table": "nowhere"},
            "database.id": {"id": "nowhere"},
            "database.content": {"content": ["nowhere"]},
            "database.vector": {"vector": "nowhere"},
        }

    def _key(self, key: Id) -> Any:
        return col(self.names["id"]) == lit(key)
