"""Orders by what backfilling an item is really worth, bounds for the others.

`oracle` knows labels and new embeddings. `oracle_without_labels` knows new embeddings alone, which
is all that an order without labels could hope to predict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from backfill.arrays import System
from backfill.orders.registry import ORDERS, OrderInputs, Permutation
from backfill.orders.scores import by_score
from backfill.relevance import Relevance
from backfill.retrieval.oracle import mean_gains, nearest_as_positives
from backfill.retrieval.stored import of_seed

if TYPE_CHECKING:
    from backfill.params.rows.orders import ByWorth, Oracle, OracleWithoutLabels


@ORDERS.register("oracle")
def _oracle(row: Oracle, inputs: OrderInputs, seeds: Sequence[int]) -> list[Permutation]:
    relevance = inputs.relevance()
    return _by_worth(row, inputs, seeds, lambda after: relevance)


@ORDERS.register("oracle_without_labels")
def _oracle_without_labels(
    row: OracleWithoutLabels, inputs: OrderInputs, seeds: Sequence[int]
) -> list[Permutation]:
    given = inputs.relevance()  # of which only the ignored items matter
    return _by_worth(
        row, inputs, seeds, lambda after: nearest_as_positives(after, given, row.neighbours)
    )


def _by_worth(
    row: ByWorth,
    inputs: OrderInputs,
    seeds: Sequence[int],
    relevance_of: Callable[[System], Relevance],
) -> list[Permutation]:
    """Order by mean gains in the mAP of finding what is relevant, given the system after."""
    before, after = inputs.system(row.before), inputs.system(row.after)
    made = []
    for position, seed in enumerate(seeds):
        old, new = of_seed(before, position), of_seed(after, position)
        gains = mean_gains(
            old, new, relevance_of(new), seed, states=row.states, queries=row.queries
        )
        made.append(by_score(gains))
    return made
