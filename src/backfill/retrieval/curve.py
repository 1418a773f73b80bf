"""Retrieval quality while a gallery is being backfilled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Float64s
from backfill.compute import LOCAL, Engine
from backfill.errors import InputError
from backfill.relevance import Relevance
from backfill.results import BackfillCurve
from backfill.retrieval import merge as merges
from backfill.retrieval.merge.base import Backfill, Calibration
from backfill.retrieval.ranks import Work, ranks
from backfill.retrieval.similarity import unit_systems

MERGES = tuple(merges.MERGES)

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
    arriving: ArrayLike | None = None,
    map_at: int | None = None,
    trapezoidal: bool = False,
    engine: Engine = LOCAL,
) -> BackfillCurve:
    """Evaluate two retrieval systems together at every checkpoint of a backfill.

    At each checkpoint the whole gallery is ranked, waiting items by one system and backfilled items
    by the other. Average precision is not interpolated unless it is `trapezoidal`, ties go to the
    lower gallery index, and ignored items have no rank. Similarities are float64 if an input is,
    else float32. Memory is O(Q T + N T) besides the inputs and one block of similarities, never
    Q x N.

    Args:
        before: (query (Q, d1), gallery (N, d1)), the system that ranks waiting items. Rows need not
            have unit length.
        after: (query (Q, d2), gallery (N, d2)), the system that ranks backfilled items.
        order: (N,) a permutation; item order[0] is backfilled first.
        relevance: of the N gallery items to the Q queries.
        checkpoints: how many backfill fractions from 0 to 1, at least 2; or increasing fractions;
            or `all`, for the state after every single item. At fraction f the first round(f N)
            items of the order are backfilled.
        top_k: the k for which hits are counted.
        merge: what puts both kinds of items into one ranking, a name in `MERGES`; see
            :mod:`backfill.retrieval.merge`.
        calibration: what merges that are fitted are fitted on.
        arriving: (N,) bool, the items that are not in the gallery at the start; by default there
            are none. At fraction f the first round(f n) of these n items have come, ranked by
            `after`. The others have no rank and are not positives. The backfill is then that of the
            N - n other items. A query whose positives all arrive has NaN until the first of them
            comes, and counts in no mean.
        map_at: if given, average precision is over the first `map_at` ranks and is divided by
            min(positives, map_at).
        trapezoidal: whether average precision is the area under precision over recall by
            trapezoids, as Revisited Oxford and Paris are measured: each positive counts with the
            mean of the precision at its rank and just before it, which is 1 before rank 1.
        engine: where the curve is computed, in chunks of queries.

    Returns:
        The curve of T fractions.

    Raises:
        InputError: embeddings are empty, not 2-D, not finite or zero; lengths or dimensions do not
            agree; the order is not a permutation; the relevance is None, or no query has a positive
            at every fraction; checkpoints, top_k or map_at are out of range, or map_at is given to
            a trapezoidal average precision; or the merge is unknown or cannot be fitted.

    Source:
        Rank merge (Seo et al., Metric Compatible Training for Online Backfilling in Large-Scale
        Retrieval, WACV 2025), eq. 5. `map_at`: Weyand et al., Google Landmarks Dataset v2, CVPR
        2020. `trapezoidal`: Philbin et al., Object Retrieval with Large Vocabularies and Fast
        Spatial Matching, CVPR 2007, whose evaluation Radenovic et al. (Revisiting Oxford and Paris,
        CVPR 2018) keep.
    """
    old, new = validate.system("before", before), validate.system("after", after)
    queries, size = len(old.query), len(old.gallery)
    validate.same_length("after[0] (query)", new.query, queries, "before[0] (query)")
    validate.same_length("after[1] (gallery)", new.gallery, size, "before[1] (gallery)")
    relevance = Relevance.given(relevance)
    relevance.require(queries, size)
    sequence = validate.permutation("order", order, size)
    cutoffs = validate.cutoffs("top_k", top_k)
    depth = validate.depth("map_at", map_at, size)
    if validate.switch("trapezoidal", trapezoidal) and map_at is not None:
        raise InputError(f"map_at: expected none if average precision is trapezoidal, got {map_at}")
    arrivals = validate.flags("arriving", arriving, size)
    if isinstance(checkpoints, str) and checkpoints == "all":
        fraction = np.linspace(0.0, 1.0, int(size - arrivals.sum()) + 1)
    else:
        fraction = validate.fractions("checkpoints", checkpoints)
    validate.one_of("merge", merge, MERGES)
    validate.instance("calibration", calibration, Calibration)

    systems = unit_systems(old, new)
    backfill = Backfill(*systems, relevance, sequence, fraction, arrivals, calibration)
    work = Work(merges.MERGES[merge](backfill), relevance, depth, len(fraction), trapezoidal)
    found = list(engine.map(ranks, work, engine.cut(queries), title="queries"))
    # A single chunk is not copied: it may take up most of the memory.
    average_precision, best_rank = (
        arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        for arrays in zip(*found, strict=True)
    )
    where = " that is in the gallery from the start" if arrivals.any() else ""
    return BackfillCurve.of_ranks(fraction, average_precision, best_rank, cutoffs, where)
