"""Items with their old vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backfill.live.databases.qdrant.points import vector_of
from backfill.live.databases.qdrant.view import View
from backfill.live.fingerprint import text_of
from backfill.live.terms import Rows


def rows_of(view: View, points: Sequence[Any], old: str) -> Rows:
    """Those of the points that have an old vector."""
    vectors = [vector_of(point, old) for point in points]
    there = [number for number, vector in enumerate(vectors) if vector is not None]
    width = view.vectors[old].size
    return Rows(
        [points[number].id for number in there],
        np.array([vectors[number] for number in there], np.float32).reshape(len(there), width),
        [text_of(view.content(points[number].payload)) for number in there],
    )
