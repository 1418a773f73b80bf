"""Stored embeddings as the retrieval systems that rows of params.yaml name."""

from __future__ import annotations

from typing import Any

import numpy as np

from backfill.artifacts import Layout, load_array
from backfill.params import Pair

Array = np.ndarray[Any, Any]


def system(layout: Layout, pair: Pair) -> tuple[Array, Array]:
    """The stored (S, Q, D) query and (S, N, D) gallery embeddings of a retrieval system.

    The gallery stays on disk until it is looked at.
    """
    return (
        load_array(layout.embeddings(pair.query, "query")),
        load_array(layout.embeddings(pair.gallery, "gallery"), memory_map=True),
    )


def of_seed(pair: tuple[Array, Array], seed: int) -> tuple[Array, Array]:
    """One seed's query and gallery embeddings; an encoder has only one of each."""
    query, gallery = (array[seed if len(array) > 1 else 0] for array in pair)
    return query, gallery
