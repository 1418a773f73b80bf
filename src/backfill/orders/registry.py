"""Orders by the `kind` of a row, and what they may read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from backfill import validate
from backfill.arrays import Array, Floats, Int64s, System
from backfill.registry import Registry

if TYPE_CHECKING:
    from backfill.encoders.classifier import StoredClassifier
    from backfill.params.base import SystemSets
    from backfill.params.rows.orders import Order
    from backfill.relevance import Relevance

Permutation = Int64s


class OrderInputs(Protocol):
    """What rows of `orders` name, read when an order asks for it.

    S is the number of seeds, or 1 for what is the same under every seed. All methods raise
    InputError if a file is missing or damaged.
    """

    def count(self) -> int:
        """Number N of items in the gallery."""
        ...

    def gallery(self, embedding_set: str) -> Array:
        """(S, N, D) gallery embeddings of a set, such as `old` or `forward/h`."""
        ...

    def classifier(self, encoder: str) -> StoredClassifier:
        """The classifier of an encoder."""
        ...

    def log_variance(self, transform: str) -> Floats:
        """(S, N) log-variances that a transform predicts for the gallery."""
        ...

    def system(self, sets: SystemSets) -> System:
        """(S, Q, D) query and (S, N, D) gallery embeddings; S may differ between the two."""
        ...

    def relevance(self) -> Relevance:
        """Which gallery items are relevant to which query."""
        ...


MakeOrder = Callable[[Any, OrderInputs, Sequence[int]], list[Permutation]]
ORDERS: Registry[MakeOrder] = Registry("backfill.orders")


def make(row: Order, inputs: OrderInputs, seeds: Sequence[int]) -> list[Permutation]:
    """Make the order of a row for each seed.

    Args:
        row: a row of `orders`.
        inputs: reads what the row names.
        seeds: of the run, in the order of the arrays that have one entry per seed.

    Returns:
        One permutation of the gallery's N rows per seed.

    Raises:
        InputError: an input is missing, damaged, or holds numbers that are not finite.
    """
    validate.one_of("orders: kind", getattr(row, "kind", None), ORDERS)
    for seed in validate.sequence("seeds", seeds):
        validate.seed("seeds", seed)
    return ORDERS[row.kind](row, inputs, seeds)
