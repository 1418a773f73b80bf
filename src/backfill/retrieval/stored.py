"""Stored embeddings as retrieval systems."""

from __future__ import annotations

from backfill.arrays import System, at_seed
from backfill.artifacts import EMBEDDINGS, Layout, load_array


def load_system(layout: Layout, query: str, gallery: str) -> System:
    """The stored embeddings of a retrieval system. The gallery stays on disk until it is read.

    Args:
        layout: of the workspace.
        query: name of the queries' embedding set.
        gallery: name of the gallery's embedding set.

    Returns:
        (S, Q, D) query and (S, N, D) gallery embeddings; S may differ between the two.

    Raises:
        InputError: an embedding set is missing or damaged.
    """
    return System(
        load_array(layout.embeddings(query, "query"), EMBEDDINGS),
        load_array(layout.embeddings(gallery, "gallery"), EMBEDDINGS, memory_map=True),
    )


def of_seed(stored: System, position: int) -> System:
    """The query and gallery embeddings of the seed at a position; an encoder has one for all."""
    query, gallery = (at_seed(array, position) for array in stored)
    return System(query, gallery)
