"""What backfilling an item does to average precision: an order that knows the answers."""

from __future__ import annotations

import numpy as np

from backfill import validate
from backfill.arrays import Array, Bools, Float64s, Floats, Int64s, System
from backfill.relevance import Relevance
from backfill.retrieval.kernel import compiled
from backfill.retrieval.similarity import query_blocks, unit_systems


def marginal_gains(
    before: tuple[Array, Array],
    after: tuple[Array, Array],
    backfilled: Bools,
    relevance: Relevance,
    queries: Int64s | None = None,
) -> Float64s:
    """Compute how much mAP changes if a single item is backfilled.

    The gain of an item is mAP with it backfilled less mAP with it waiting, while all other items
    are in the state that `backfilled` says. A positive that ties with a negative is ranked behind
    it.

    Args:
        before: (query (Q, d1), gallery (N, d1)), the system that ranks waiting items.
        after: (query (Q, d2), gallery (N, d2)), the system that ranks backfilled items.
        backfilled: (N,) the state of the gallery.
        relevance: of its items.
        queries: indices of the queries to average over; all by default.

    Returns:
        (N,) gains, the mean over the queries that have a positive.

    Raises:
        InputError: the systems, the relevance, the states or the queries do not fit together.
    """
    systems = unit_systems(*_checked(before, after, relevance))
    backfilled = validate.flags("backfilled", backfilled, relevance.gallery_size)
    chosen = np.arange(relevance.num_queries)
    if queries is not None:
        chosen = validate.integers("queries", queries)
        validate.indices(lambda at: f"queries[{at}]", chosen, relevance.num_queries)
    return _of_unit_rows(*systems, backfilled, relevance, chosen)


def mean_gains(
    before: tuple[Array, Array],
    after: tuple[Array, Array],
    relevance: Relevance,
    seed: int,
    *,
    states: int,
    queries: int,
) -> Float64s:
    """Compute each item's mean gain in mAP over random states of the gallery.

    This estimates its Shapley value: what backfilling it adds to whatever else may be backfilled.
    It uses labels and new embeddings. So it shows what an order could win, not what a user can
    have.

    Args:
        before: (query (Q, d1), gallery (N, d1)), the system that ranks waiting items.
        after: (query (Q, d2), gallery (N, d2)), the system that ranks backfilled items.
        relevance: of the gallery's items.
        seed: draws the states, and which queries see each of them.
        states: number of states. The share of the gallery that is backfilled in a state is uniform
            in (0, 1).
        queries: the largest number of queries that see each state.

    Returns:
        (N,) gains.

    Raises:
        InputError: the systems and the relevance do not fit together, or a number is out of range.
    """
    rng = np.random.default_rng(validate.seed("seed", seed))
    validate.count("states", states)
    validate.count("queries", queries)
    systems = unit_systems(*_checked(before, after, relevance))
    total = np.zeros(len(systems[0].gallery))
    for _ in range(states):
        backfilled = rng.random(len(total)) < rng.random()
        seen = np.sort(rng.permutation(relevance.num_queries)[:queries])
        total += _of_unit_rows(*systems, backfilled, relevance, seen)
    return total / states


def nearest_as_positives(
    system: tuple[Array, Array], relevance: Relevance, neighbours: int
) -> Relevance:
    """Take for relevant what a system ranks first in the whole gallery; no label is looked at.

    Args:
        system: (query (Q, d), gallery (N, d)).
        relevance: whose ignored items have no rank here either.
        neighbours: number of items that are positives of each query.

    Returns:
        The relevance, with the same ignored items.

    Raises:
        InputError: the system and the relevance do not fit together, or a number is out of range.
    """
    validate.count("neighbours", neighbours)
    checked, _ = _checked(system, system, relevance, "system", "system")
    (unit, _), size = unit_systems(checked, checked), len(checked.gallery)
    positives: list[Int64s] = []
    for block in query_blocks(len(unit.query), size * unit.gallery.itemsize * 2):
        away = -(unit.query[block] @ unit.gallery.T)
        for row, query in zip(away, range(block.start, block.stop), strict=True):
            ignored = relevance.ignored(query)
            row[ignored] = np.inf
            found = np.argsort(row, kind="stable")[: min(neighbours, size - len(ignored))]
            positives.append(np.sort(found))
    ignored_items = [relevance.ignored(query) for query in range(relevance.num_queries)]
    return Relevance.from_lists(positives, ignored_items, size)


def _checked(
    before: tuple[Array, Array],
    after: tuple[Array, Array],
    relevance: Relevance,
    *names: str,
) -> tuple[System, System]:
    """Two systems of equally many queries and items, those of the relevance."""
    first, second = names or ("before", "after")
    old, new = validate.system(first, before), validate.system(second, after)
    for found in (old, new):
        Relevance.given(relevance).require(len(found.query), len(found.gallery))
    return old, new


def _of_unit_rows(
    before: System, after: System, backfilled: Bools, relevance: Relevance, chosen: Int64s
) -> Float64s:
    """Marginal gains in systems with unit rows, over the queries `chosen`."""
    size = len(before.gallery)
    total, counted = np.zeros(size), 0
    for block in query_blocks(len(chosen), size * before.gallery.itemsize * 4):
        waiting = before.query[chosen[block]] @ before.gallery.T
        moved = after.query[chosen[block]] @ after.gallery.T
        for row, query in enumerate(chosen[block].tolist()):
            is_positive, ignored = np.zeros((2, size), bool)
            is_positive[relevance.positives(query)] = True
            ignored[relevance.ignored(query)] = True
            if is_positive.any():
                total += _of_query(waiting[row], moved[row], backfilled, is_positive, ignored)
                counted += 1
    return total / max(counted, 1)


@compiled()
def _of_query(
    waiting: Floats,
    moved: Floats,
    backfilled: Bools,
    is_positive: Bools,
    ignored: Bools,
) -> Float64s:
    """The change of one query's average precision for each item, (N,).

    Positives are sorted by falling similarity. With `above[j]` negatives at or above the j-th of
    them, counted from 1, the precision there is j / (j + above[j]). A negative that rises past
    positives adds 1 to their `above`. With the sums of these changes from every j on, each negative
    takes two look-ups.
    """
    now = np.where(backfilled, moved, waiting)
    heights = -np.sort(-now[is_positive])
    negatives = np.sort(now[~is_positive & ~ignored])
    count = len(heights)
    above = np.empty(count, np.int64)
    more, fewer = np.zeros(count + 1), np.zeros(count + 1)
    total = 0.0
    for j in range(count - 1, -1, -1):
        above[j] = len(negatives) - np.searchsorted(negatives, heights[j])
        precision = (j + 1) / (j + 1 + above[j])
        total += precision
        more[j] = more[j + 1] + (j + 1) / (j + 2 + above[j]) - precision
        fewer[j] = fewer[j + 1] + (j + 1) / (j + 1 + max(above[j] - 1, 0)) - precision

    gains = np.zeros(len(now))
    rising = heights[::-1].copy()
    for item in range(len(now)):
        if ignored[item]:
            continue
        other = waiting[item] if backfilled[item] else moved[item]
        # How many positives are ahead of the item now, and would be if it switched.
        here = count - np.searchsorted(rising, now[item], side="right")
        there = count - np.searchsorted(rising, other, side="right")
        if is_positive[item]:
            change = _moved_positive(heights, above, negatives, now[item], other) - total
        elif there <= here:
            change = more[there] - more[here]
        else:
            change = fewer[here] - fewer[there]
        gains[item] = -change / count if backfilled[item] else change / count
    return gains


@compiled()
def _moved_positive(
    heights: Floats, above: Int64s, negatives: Floats, here: float, there: float
) -> float:
    """Sum of the precisions if the positive at similarity `here` were at `there`."""
    total, position, left_out, entered = 0.0, 0, False, False
    own_above = len(negatives) - np.searchsorted(negatives, there)
    for j in range(len(heights)):
        if not entered and there >= heights[j]:
            position += 1
            total += position / (position + own_above)
            entered = True
        if not left_out and heights[j] == here:
            left_out = True
            continue
        position += 1
        total += position / (position + above[j])
    if not entered:
        position += 1
        total += position / (position + own_above)
    return total
