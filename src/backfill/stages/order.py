"""Stage `order`: a permutation of the gallery for each seed."""

from __future__ import annotations

import numpy as np

from backfill import orders
from backfill.arrays import Array, Floats, System
from backfill.artifacts import (
    EMBEDDINGS,
    LOG_VARIANCE,
    LOG_VARIANCES,
    Layout,
    load_array,
    load_numbers,
    save_array,
)
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.params.base import SystemSets
from backfill.pipeline.plans import OrderPlan
from backfill.relevance import Relevance
from backfill.retrieval.stored import load_system
from backfill.stages.command import Done, run


class StoredInputs:
    """What an order may read, from the files of a workspace.

    Args:
        layout: of the workspace.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def count(self) -> int:
        """Number N of items in the gallery."""
        return len(load_numbers(self.layout.labels("gallery")))

    def gallery(self, embedding_set: str) -> Array:
        """(S, N, D) gallery embeddings of a set, such as `old` or `forward/h`."""
        return load_array(self.layout.embeddings(embedding_set, "gallery"), EMBEDDINGS)

    def classifier(self, encoder: str) -> StoredClassifier:
        """The classifier of an encoder."""
        return StoredClassifier.load(self.layout.embeddings(encoder))

    def log_variance(self, transform: str) -> Floats:
        """(S, N) log-variances that a transform predicts for the gallery."""
        path = self.layout.embeddings(f"{transform}/{LOG_VARIANCE}", "gallery")
        return load_array(path, LOG_VARIANCES)

    def system(self, sets: SystemSets) -> System:
        """(S, Q, D) query and (S, N, D) gallery embeddings of a system."""
        return load_system(self.layout, sets.query, sets.gallery)

    def relevance(self) -> Relevance:
        """Which gallery items are relevant to which query."""
        return Relevance.load(self.layout.relevance)


def order(plan: OrderPlan, layout: Layout, name: str) -> Done:
    """Write the (S, N) backfill orders of one row.

    Args:
        plan: the stage's settings.
        layout: of the workspace.
        name: of the order.

    Raises:
        InputError: what it is made from is missing or holds numbers that are not finite; names
            the row.
    """
    try:
        made = orders.make(plan.row, StoredInputs(layout), plan.seeds)
    except InputError as error:
        raise InputError(f"orders.{name}: {error}") from error
    save_array(layout.order(name), np.stack(made))
    return Done(sum(map(len, made)), "items")


if __name__ == "__main__":
    run(order)
