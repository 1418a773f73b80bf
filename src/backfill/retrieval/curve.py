"""Retrieval quality while a gallery is being backfilled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numba import get_num_threads
from numpy.typing import ArrayLike, NDArray

from backfill.errors import InputError
from backfill.retrieval import validate
from backfill.retrieval.kernel import curve_block
from backfill.retrieval.relevance import Relevance
from backfill.retrieval.similarity import SimilarityPlan, common_dtype, normalise

Bools = NDArray[np.bool_]
Float64s = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BackfillCurve:
    """Quality of Q queries at T backfill fractions; all qualities are shares in [0, 1].

    Means are over the queries that have a positive. Areas are trapezoids over the fractions given:
    the AUC_mAP and AUC_CMC of rank merge if those run from 0 to 1.
    """

    fraction: Float64s  # (T,)
    average_precision: Float64s  # (Q, T), NaN for a query without positives
    hits: Mapping[int, Bools]  # k -> (Q, T), whether a positive is among the k nearest

    @cached_property
    def has_positives(self) -> Bools:
        """(Q,), whether the query has a positive."""
        return ~np.isnan(self.average_precision[:, 0])

    @cached_property
    def mean_average_precision(self) -> Float64s:
        """mAP at each fraction, (T,)."""
        return _mean(self.average_precision[self.has_positives])

    @cached_property
    def cmc(self) -> dict[int, Float64s]:
        """k -> CMC@k at each fraction, (T,): the share of queries with a hit in the top k."""
        return {k: _mean(hits[self.has_positives]) for k, hits in self.hits.items()}

    @cached_property
    def auc_map(self) -> float:
        """Area under mAP over the fraction."""
        return float(np.trapezoid(self.mean_average_precision, self.fraction))

    @cached_property
    def auc_cmc(self) -> dict[int, float]:
        """k -> area under CMC@k over the fraction."""
        return {k: float(np.trapezoid(cmc, self.fraction)) for k, cmc in self.cmc.items()}


def _mean(values: NDArray[Any]) -> Float64s:
    """Mean over the queries as float64, (T,)."""
    return np.asarray(values.mean(axis=0, dtype=np.float64))


def backfill_curve(
    before: tuple[ArrayLike, ArrayLike],
    after: tuple[ArrayLike, ArrayLike],
    order: ArrayLike,
    relevance: Relevance,
    checkpoints: int | Sequence[float] | Float64s = 11,
    top_k: Sequence[int] = (1, 5),
) -> BackfillCurve:
    """Evaluate rank merge (eq. 5) at every checkpoint of a backfill.

    before: (query (Q, d1), gallery (N, d1)), the system that ranks the items that wait; after:
    (query (Q, d2), gallery (N, d2)), the one that ranks those that are backfilled. Rows need not be
    normalised. order: (N,), a permutation; order[0] is backfilled first. checkpoints: how many
    fractions from 0 to 1 (at least 2), or increasing fractions; at fraction f the first round(f N)
    items of the order are backfilled. top_k: the k of the hits.

    One ranking holds both kinds of items, by squared Euclidean distance of L2-normalised vectors;
    ties go to the lower gallery index. Average precision is not interpolated and runs over the
    whole ranking; ignored items have no rank. Similarities are float64 if an input is, else
    float32. Memory is O(Q T + N) besides the inputs and one block of similarities, never Q x N.

    Raises InputError for embeddings that are empty, not 2-D, not finite, or zero, for lengths or
    dimensions that do not agree, for an order that is no permutation, if no query has a positive,
    and for checkpoints or top_k out of range.
    """
    query_before, gallery_before = validate.pair("before", before)
    query_after, gallery_after = validate.pair("after", after)
    queries, size = len(query_before), len(gallery_before)
    validate.same_length("after[0] (query)", query_after, queries, "before[0] (query)")
    validate.same_length("after[1] (gallery)", gallery_after, size, "before[1] (gallery)")
    if relevance.num_queries != queries:
        raise InputError(f"relevance: expected {queries} queries, got {relevance.num_queries}")
    if relevance.gallery_size != size:
        raise InputError(f"relevance: expected a gallery of {size}, got {relevance.gallery_size}")
    order, position = validate.permutation("order", order, size)
    fraction = validate.fractions("checkpoints", checkpoints)
    cutoffs = validate.cutoffs("top_k", top_k)

    dtype = common_dtype(query_before, gallery_before, query_after, gallery_after)
    plan = SimilarityPlan.of(
        (normalise(query_before, dtype), normalise(gallery_before, dtype)),
        (normalise(query_after, dtype), normalise(gallery_after, dtype)),
        order,
    )
    backfilled = np.rint(fraction * size).astype(np.int64)
    arrival = np.searchsorted(backfilled, position, side="right")
    average_precision = np.empty((queries, len(fraction)))
    best_rank = np.empty((queries, len(fraction)), np.int32)
    for block, similarity in plan.blocks():
        curve_block(
            similarity,
            plan.columns,
            order,
            position,
            backfilled,
            arrival,
            relevance.positive_group[block],
            relevance.positive_indptr,
            relevance.positive_indices,
            relevance.ignored_indptr[block.start : block.stop + 1],
            relevance.ignored_indices,
            get_num_threads(),
            average_precision[block],
            best_rank[block],
        )
    if np.isnan(average_precision[:, 0]).all():
        raise InputError(
            "relevance: expected a query with a positive that is not ignored, got none"
        )
    hits = {k: (best_rank > 0) & (best_rank <= k) for k in cutoffs}
    return BackfillCurve(fraction, average_precision, hits)
