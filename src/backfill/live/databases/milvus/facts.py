"""What a collection is, and what it lacks for a migration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pymilvus import DataType

from backfill.arrays import Float32s
from backfill.live.databases.milvus.clients import Client
from backfill.live.databases.milvus.shape import TEXTS
from backfill.live.databases.milvus.view import View
from backfill.live.fingerprint import text_of
from backfill.live.terms import Facts

_FLOAT32 = 4  # bytes
_LINKS = 2 * 2 * 16 * _FLOAT32 // 2  # bytes of a vector in a graph of the usual 16 neighbours
_PRINT_BYTES = 64


def facts(view: View, width: int | None) -> Facts:
    """Look at a collection; nothing is changed.

    Args:
        view: of the collection.
        width: of the new vectors; None: as the old ones.
    """
    shape = view.shape
    page = next(view.pages(view.text), [])
    contents = [view.content(row) for row in view.items(page)]
    vectors = [*view.vectors([row[shape.id] for row in page]).values()]
    (counted,) = view.client.call(
        "query", view.settings.collection, output_fields=["count(*)"], consistency_level="Strong"
    )
    items = int(counted["count(*)"])
    new_bytes = (width or shape.width) * _FLOAT32 + _LINKS + _PRINT_BYTES
    return Facts(
        server=_server(view.client),
        items=items,
        width=shape.width,
        text_characters=float(np.mean([len(text_of(each)) for each in contents] or [0])),
        old_bytes=items * (shape.width * _FLOAT32 + _LINKS),
        new_bytes=items * new_bytes,
        missing=[*_missing(view, vectors)],
        notes=[*_notes(view)],
    )


def _server(client: Client) -> str:
    return f"Milvus {'Lite ' if client.lite else ''}{client.version()}"


def _missing(view: View, vectors: list[Float32s]) -> Iterator[str]:
    shape = view.shape
    for column in view.settings.content:
        kind: Any = shape.fields.get(column, {}).get("type", DataType.VARCHAR)
        if kind not in TEXTS:
            yield f"Field {column!r} must hold strings or whole numbers, not {kind.name}."
    kind = shape.vector["type"]
    if kind != DataType.FLOAT_VECTOR:
        yield f"Field {view.settings.vector!r} must hold vectors of 32-bit floats, not {kind.name}."
        return
    if shape.metric not in ("COSINE", "IP", "L2"):
        yield f"The old vectors must be compared by cosine, not {shape.metric}."
    lengths = np.linalg.norm(vectors, axis=1) if vectors else np.ones(1)
    if shape.metric != "COSINE" and not np.allclose(lengths, 1, atol=1e-3):
        yield (
            f"The index of {view.settings.vector!r} is for {shape.metric}, which ranks by cosine "
            "only if the vectors are of unit length, and they are not."
        )


def _notes(view: View) -> Iterator[str]:
    yield (
        "Milvus joins no collections: new vectors stand in one of their own, so an application "
        "that searches it filters by a second request."
    )
    if view.client.lite:
        yield (
            "Milvus Lite lets in one process at a time: workers and searches in several processes "
            "need a server."
        )
