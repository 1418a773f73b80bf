"""Stored embeddings as the retrieval systems that rows name."""

from __future__ import annotations

from backfill.arrays import System
from backfill.artifacts import Layout, load_array
from backfill.params.base import SystemSets


def system(layout: Layout, sets: SystemSets) -> System:
    """The stored (S, Q, D) query and (S, N, D) gallery embeddings of a retrieval system.

    The gallery stays on disk until it is looked at.

    Raises:
        InputError: an embedding set is missing or damaged.
    """
    return System(
        load_array(layout.embeddings(sets.query, "query")),
        load_array(layout.embeddings(sets.gallery, "gallery"), memory_map=True),
    )


def of_seed(stored: System, seed: int) -> System:
    """The query and gallery embeddings of one seed; an encoder has the same for all."""
    query, gallery = (array[seed if len(array) > 1 else 0] for array in stored)
    return System(query, gallery)
