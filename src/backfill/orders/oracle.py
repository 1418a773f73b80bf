"""The order by what backfilling an item is really worth, a bound for the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backfill.arrays import System
from backfill.orders.registry import ORDERS, OrderInputs, Permutation
from backfill.orders.scores import at_seed, by_score
from backfill.retrieval.oracle import mean_gains

if TYPE_CHECKING:
    from backfill.params.rows.orders import Oracle


@ORDERS.register("oracle")
def _oracle(row: Oracle, inputs: OrderInputs, seeds: Sequence[int]) -> list[Permutation]:
    relevance = inputs.relevance()
    before, after = inputs.system(row.before), inputs.system(row.after)
    return [
        by_score(
            mean_gains(
                _at_seed(before, position),
                _at_seed(after, position),
                relevance,
                seed,
                states=row.states,
                queries=row.queries,
            )
        )
        for position, seed in enumerate(seeds)
    ]


def _at_seed(system: System, position: int) -> System:
    return System(at_seed(system.query, position), at_seed(system.gallery, position))
