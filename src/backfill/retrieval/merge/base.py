"""What a merge is: from a backfill to the scores of its items, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from backfill import validate
from backfill.arrays import Array, Bools, Float64s, Floats, Int64s, System, UInt32s
from backfill.relevance import Relevance
from backfill.retrieval.schedule import Schedule


@dataclass(frozen=True, eq=False)
class Calibration:
    """What the maps of the fitted merges are fitted on.

    Attributes:
        background: number of items in the background; all that there are if there are fewer.
        seed: draws the background, and the two halves of the queries.
        given: (n, d1) and (n, d2) embeddings of items outside of the gallery by both systems, from
            which the background is drawn; none: it is drawn from the items that are backfilled.

    Raises:
        InputError: the background or the seed is no such integer, or what is given is no pair.
    """

    background: int = 1000
    seed: int = 0
    given: tuple[Array, Array] | None = None

    def __post_init__(self) -> None:
        validate.count("calibration.background", self.background)
        validate.seed("calibration.seed", self.seed)
        if self.given is not None:
            validate.pair("calibration.given", self.given)


@dataclass(frozen=True)
class Backfill:
    """What is to be merged.

    Attributes:
        before: the system that ranks waiting items, with unit rows.
        after: the system that ranks backfilled items, with unit rows.
        relevance: of the N gallery items to the Q queries.
        order: (N,) gallery indices in the order in which they are backfilled or come.
        fraction: (T,) backfill fractions.
        arriving: (N,) whether an item comes during the backfill.
        calibration: what fitted merges draw.
    """

    before: System
    after: System
    relevance: Relevance
    order: Int64s
    fraction: Float64s
    arriving: Bools
    calibration: Calibration = Calibration()


class Scores(NamedTuple):
    """The scores of all items for a block of B queries at some checkpoints.

    Attributes:
        queries: the block.
        checkpoints: for which the scores hold.
        schedule: which items switch at each of these checkpoints.
        values: (B, M) scores, higher is nearer; the next block may overwrite them.
        columns: (2, N) the i-th item of the schedule's order has the score values[q, columns[0, i]]
            while it waits and values[q, columns[1, i]] afterwards.
    """

    queries: slice
    checkpoints: slice
    schedule: Schedule
    values: Floats
    columns: UInt32s


# Yields the scores of some queries until every checkpoint has been covered. It is sent to workers,
# so it must be picklable.
Scorer = Callable[[slice], Iterator[Scores]]
# Does what can be done once for all queries.
Merge = Callable[[Backfill], Scorer]
