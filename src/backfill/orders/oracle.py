"""The order by what backfilling an item is really worth, a bound for the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backfill.orders.registry import ORDERS, OrderInputs, Permutation
from backfill.orders.scores import by_score
from backfill.retrieval.oracle import mean_gains
from backfill.retrieval.stored import of_seed

if TYPE_CHECKING:
    from backfill.params.rows.orders import Oracle


@ORDERS.register("oracle")
def _oracle(row: Oracle, inputs: OrderInputs, seeds: Sequence[int]) -> list[Permutation]:
    relevance = inputs.relevance()
    before, after = inputs.system(row.before), inputs.system(row.after)
    return [
        by_score(
            mean_gains(
                of_seed(before, position),
                of_seed(after, position),
                relevance,
                seed,
                states=row.states,
                queries=row.queries,
            )
        )
        for position, seed in enumerate(seeds)
    ]
