"""How far positives and negatives lie from their queries."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Bools, Float64s, Floats, Int64s, System
from backfill.relevance import Relevance
from backfill.retrieval.similarity import common_dtype, normalise, query_blocks

_MOST_BINS = 1_000_000
_LARGEST = 4.0  # squared distance of two opposite unit vectors


def distance_histograms(
    query: ArrayLike, gallery: ArrayLike, relevance: Relevance, bins: int = 100
) -> tuple[Float64s, Int64s, Int64s]:
    """Count pairs by their squared Euclidean distance, after scaling all vectors to unit length.

    Args:
        query: (Q, d) embeddings.
        gallery: (N, d) embeddings.
        relevance: of the gallery's items to the queries; ignored pairs are not counted.
        bins: number of bins, B. A bin includes its lower edge, the last one both edges.

    Returns:
        (B + 1,) bin edges from 0 to 4, (B,) numbers of positive pairs, and (B,) of negative pairs.

    Raises:
        InputError: embeddings are not usable, the relevance is of other sizes, or bins < 1.
    """
    bins = validate.count("bins", bins, most=_MOST_BINS)
    system = validate.comparable("query", query, "gallery", gallery)
    relevance = Relevance.given(relevance)
    relevance.require(len(system.query), len(system.gallery))
    dtype = common_dtype(*system)
    positives, negatives = count_pairs(
        System(normalise(system.query, dtype), normalise(system.gallery, dtype)),
        relevance,
        np.arange(len(system.query)),
        np.ones(len(system.gallery), bool),
        bins,
    )
    return np.linspace(0.0, _LARGEST, bins + 1), positives, negatives


def count_pairs(
    system: System, relevance: Relevance, queries: Int64s, kept: Bools, bins: int
) -> tuple[Int64s, Int64s]:
    """Count some pairs of a system of unit rows by their squared distance.

    Args:
        system: (Q, d) queries and (N, d) gallery.
        relevance: of the gallery's items; ignored pairs are not counted.
        queries: indices of the queries that count.
        kept: (N,) whether a gallery item counts.
        bins: number of bins from 0 to 4.

    Returns:
        (bins,) numbers of positive pairs, and (bins,) of negative pairs.
    """
    # Counting all pairs and subtracting the few others is cheaper than a mask over all pairs.
    negatives = np.zeros(bins, np.int64)
    positives = np.zeros(bins, np.int64)
    gallery = system.gallery[kept].T
    column = np.cumsum(kept) - 1
    for block in query_blocks(len(queries), gallery.shape[1] * gallery.itemsize * 4):
        bin_of = _bins(system.query[queries[block]] @ gallery, bins)
        negatives += np.bincount(bin_of.ravel(), minlength=bins)
        for row, q in zip(bin_of, queries[block], strict=True):
            match, out = relevance.positives(q), relevance.ignored(q)
            near = np.bincount(row[column[match[kept[match]]]], minlength=bins)
            positives += near
            negatives -= near + np.bincount(row[column[out[kept[out]]]], minlength=bins)
    return positives, negatives


def _bins(similarity: Floats, bins: int) -> Int64s:
    """The bin of each squared distance 2 - 2 cos; rounding may carry a cosine just past 1."""
    bin_of = ((2.0 - 2.0 * similarity) * (bins / _LARGEST)).astype(np.int64)
    return np.clip(bin_of, 0, bins - 1, out=bin_of)
