"""Backfill curves of galleries of millions: mAP@k and CMC@k from the k nearest items."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backfill.errors import InputError
from backfill.retrieval import validate
from backfill.retrieval.curve import BackfillCurve
from backfill.retrieval.nearest import BLOCK_ROWS, Nearest, Pair, checked_gallery, nearest_items
from backfill.retrieval.relevance import Relevance
from backfill.retrieval.schedule import Schedule

Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]


def backfill_curve_at(
    k: int,
    before: Pair,
    after: Pair,
    order: ArrayLike,
    relevance: Relevance,
    checkpoints: int | Sequence[float] | Float64s = 11,
    top_k: Sequence[int] = (1, 5),
    *,
    block_rows: int = BLOCK_ROWS,
) -> BackfillCurve:
    """The backfill curve up to rank k, in one pass over galleries that stay on disk.

    The same as :func:`backfill_curve` with `map_at=k`, up to float32's rounding: average precision
    over the first k places, divided by min(positives, k) (Google Landmarks v2: Weyand et al., CVPR
    2020), and hits in the top_k, none above k. `before` and `after` are (query (Q, d), gallery
    (N, d)); the galleries may be memory-mapped, float16 or float32, and are read once, `block_rows`
    at a time. order, relevance, checkpoints and top_k are as there. Every ignored item of a query
    costs a place in the search, so lists of thousands are slow.

    Memory is O(Q T (k + ignored) + N) besides two blocks of the gallery.

    Raises InputError as :func:`backfill_curve` does; a wrong row of a gallery is found when it is
    read.
    """
    size = checked_gallery("before[1] (gallery)", before[1], before[0])
    checked_gallery("after[1] (gallery)", after[1], after[0])
    validate.same_length("after[1] (gallery)", np.asanyarray(after[1]), size, "before[1] (gallery)")
    queries = len(before[0])
    validate.same_length("after[0] (query)", np.asanyarray(after[0]), queries, "before[0] (query)")
    relevance.require(queries, size)
    sequence, _ = validate.permutation("order", order, size)
    fraction = validate.fractions("checkpoints", checkpoints)
    depth = validate.depth("k", k, size)
    cutoffs = validate.cutoffs("top_k", top_k)
    if max(cutoffs) > depth:
        raise InputError(f"top_k: expected none above k, {depth}, got {max(cutoffs)}")
    arrival = Schedule.of(sequence, fraction, np.zeros(size, bool)).arrival
    most_ignored = int(np.diff(relevance.ignored_indptr).max())
    found = nearest_items(
        before,
        after,
        arrival,
        len(fraction),
        min(depth + most_ignored, size),
        block_rows=block_rows,
    )
    return curve_of(found, fraction, relevance, depth, cutoffs)


def curve_of(
    found: Iterable[Nearest],
    fraction: Float64s,
    relevance: Relevance,
    depth: int,
    top_k: Sequence[int],
) -> BackfillCurve:
    """The curve of the nearest items at each checkpoint, ignored ones among them.

    found: at least the `depth` nearest that a query does not ignore.
    """
    index = np.stack([nearest.items for nearest in found], axis=1)
    shape = index.shape[:2]
    precision, best = np.full(shape, np.nan), np.zeros(shape, np.int64)
    for query in range(len(index)):
        positives = relevance.positives(query)
        if len(positives) == 0:
            continue
        relevant = _ranked(index[query], positives, relevance.ignored(query), depth)
        ranks = np.arange(1, depth + 1)
        exact = np.cumsum(relevant, axis=1) / ranks
        precision[query] = (exact * relevant).sum(axis=1) / min(len(positives), depth)
        best[query] = np.where(relevant.any(axis=1), relevant.argmax(axis=1) + 1, depth + 1)
    return BackfillCurve.of_ranks(fraction, precision, best, top_k)


def _ranked(index: Int64s, positives: Int64s, ignored: Int64s, depth: int) -> NDArray[np.bool_]:
    """(T, depth): whether a query's i-th item is relevant, ignored items left out."""
    relevant = np.isin(index, positives)
    if len(ignored):
        # A stable sort moves what is ignored, and what is not there, behind the rest.
        behind = np.isin(index, ignored) | (index < 0)
        kept = np.argsort(behind, axis=1, kind="stable")
        relevant = np.take_along_axis(relevant & ~behind, kept, axis=1)
    ranked = np.zeros((len(index), depth), bool)
    width = min(depth, relevant.shape[1])
    ranked[:, :width] = relevant[:, :width]
    return ranked
