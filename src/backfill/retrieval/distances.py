"""How far positives and negatives lie from their queries."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backfill import validate
from backfill.errors import InputError
from backfill.relevance import Relevance
from backfill.retrieval.similarity import Floats, common_dtype, normalise, query_blocks

Bools = NDArray[np.bool_]
Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]

_LARGEST = 4.0  # squared distance of two opposite unit vectors


def distance_histograms(
    query: ArrayLike, gallery: ArrayLike, relevance: Relevance, bins: int = 100
) -> tuple[Float64s, Int64s, Int64s]:
    """Histograms of squared Euclidean distances between L2-normalised vectors.

    query: (Q, d), gallery: (N, d). Returns the bin edges (B + 1,) from 0 to 4, and the numbers of
    positive and of negative pairs per bin, (B,) each. Ignored pairs are in neither. Bins include
    their lower edge, the last one both.

    Raises InputError for unusable embeddings, a relevance of other sizes, or bins < 1.
    """
    if bins < 1:
        raise InputError(f"bins: expected at least 1, got {bins}")
    rows, columns = validate.comparable("query", query, "gallery", gallery)
    relevance.require(len(rows), len(columns))
    dtype = common_dtype(rows, columns)
    positives, negatives = count_pairs(
        normalise(rows, dtype),
        normalise(columns, dtype),
        relevance,
        np.arange(len(rows)),
        np.ones(len(columns), bool),
        bins,
    )
    return np.linspace(0.0, _LARGEST, bins + 1), positives, negatives


def count_pairs(
    query: Floats, gallery: Floats, relevance: Relevance, rows: Int64s, kept: Bools, bins: int
) -> tuple[Int64s, Int64s]:
    """Positive and negative pairs per bin of squared distance from 0 to 4, (bins,) each.

    query: (Q, d), gallery: (N, d), unit rows. rows: the queries that count; kept: (N,), the gallery
    items that do.
    """
    # Counting all pairs and taking away the few others is cheaper than a mask over all of them.
    negatives = np.zeros(bins, np.int64)
    positives = np.zeros(bins, np.int64)
    columns = gallery[kept].T
    place = np.cumsum(kept) - 1
    for block in query_blocks(len(rows), columns.shape[1] * gallery.itemsize * 4):
        inside = _bins(query[rows[block]] @ columns, bins)
        negatives += np.bincount(inside.ravel(), minlength=bins)
        for row, q in zip(inside, rows[block], strict=True):
            match, out = relevance.positives(q), relevance.ignored(q)
            near = np.bincount(row[place[match[kept[match]]]], minlength=bins)
            positives += near
            negatives -= near + np.bincount(row[place[out[kept[out]]]], minlength=bins)
    return positives, negatives


def _bins(similarity: NDArray[np.floating[Any]], bins: int) -> Int64s:
    """Bin of each squared distance 2 - 2 cos; rounding may carry a cosine just past 1."""
    place = ((2.0 - 2.0 * similarity) * (bins / _LARGEST)).astype(np.int64)
    return np.clip(place, 0, bins - 1, out=place)
