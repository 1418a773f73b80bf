"""Retrieval quality while a gallery is being backfilled."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backfill import validate
from backfill.compute import LOCAL, Engine
from backfill.relevance import Relevance
from backfill.results import BackfillCurve
from backfill.retrieval import calibrating, merging
from backfill.retrieval.calibrating import Calibration
from backfill.retrieval.ranks import Work, ranks
from backfill.retrieval.similarity import unit_pairs

MERGES = ("distance", *merging.MERGES, *calibrating.CALIBRATIONS)

Bools = NDArray[np.bool_]
Float64s = NDArray[np.float64]

_CALIBRATION = Calibration()


def backfill_curve(
    before: tuple[ArrayLike, ArrayLike],
    after: tuple[ArrayLike, ArrayLike],
    order: ArrayLike,
    relevance: Relevance,
    checkpoints: int | Literal["all"] | Sequence[float] | Float64s = 11,
    top_k: Sequence[int] = (1, 5),
    *,
    merge: str = "distance",
    calibration: Calibration = _CALIBRATION,
    newcomer: ArrayLike | None = None,
    map_at: int | None = None,
    engine: Engine = LOCAL,
) -> BackfillCurve:
    """Evaluate rank merge (eq. 5) at every checkpoint of a backfill.

    before: (query (Q, d1), gallery (N, d1)), the system that ranks the items that wait; after:
    (query (Q, d2), gallery (N, d2)), the one that ranks those that are backfilled. Rows need not be
    normalised. order: (N,), a permutation; order[0] is backfilled first. checkpoints: how many
    fractions from 0 to 1 (at least 2), or increasing fractions; at fraction f the first round(f N)
    items of the order are backfilled; `all`: after every single one. top_k: the k of the hits.

    merge: what puts both kinds of items into one ranking. `distance`: the squared Euclidean
    distance of L2-normalised vectors. A name in `merging.MERGES`: a score by what each system's own
    list looks like at that checkpoint. One in `calibrating.CALIBRATIONS`: by a map of each system's
    distance, fitted once as `calibration` says. Ties go to the lower gallery index.

    newcomer: (N,) bool, the items that are not in the gallery at the start. At fraction f the first
    round(f n) of these n are there, ranked by `after`; the others are not in the ranking, nor
    positives. The backfill is then of the N - n other items. Queries whose positives are all
    newcomers have NaN until the first is there, and count in no mean.

    Average precision is not interpolated; ignored items have no rank. It runs over the whole
    ranking; with map_at, over its first map_at places, and is divided by min(positives, map_at)
    (Google Landmarks v2: Weyand et al., CVPR 2020).

    engine: where it is computed, queries in parts.

    Similarities are float64 if an input is, else float32. Memory is O(Q T + N T) besides the inputs
    and one block of similarities, never Q x N.

    Raises InputError for embeddings that are empty, not 2-D, not finite, or zero, for lengths or
    dimensions that do not agree, for an order that is no permutation, if no query has a positive at
    every fraction, for checkpoints, top_k or map_at out of range, and for an unknown merge.
    """
    query_before, gallery_before = validate.pair("before", before)
    query_after, gallery_after = validate.pair("after", after)
    queries, size = len(query_before), len(gallery_before)
    validate.same_length("after[0] (query)", query_after, queries, "before[0] (query)")
    validate.same_length("after[1] (gallery)", gallery_after, size, "before[1] (gallery)")
    relevance.require(queries, size)
    sequence, _ = validate.permutation("order", order, size)
    cutoffs = validate.cutoffs("top_k", top_k)
    depth = validate.depth("map_at", map_at, size)
    new = validate.flags("newcomer", newcomer, size)
    if isinstance(checkpoints, str) and checkpoints == "all":
        checkpoints = int(size - new.sum()) + 1
    fraction = validate.fractions("checkpoints", checkpoints)
    validate.one_of("merge", merge, MERGES)

    pairs = unit_pairs((query_before, gallery_before), (query_after, gallery_after))
    work = Work.of(merge, pairs, relevance, sequence, fraction, new, calibration, depth)
    parts = list(engine.map(ranks, work, engine.cut(queries), title="queries"))
    # Nothing is copied where there is one part: it may be most of the memory.
    average_precision, best_rank = (
        arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        for arrays in zip(*parts, strict=True)
    )
    where = " that is in the gallery from the start" if new.any() else ""
    return BackfillCurve.of_ranks(fraction, average_precision, best_rank, cutoffs, where)
