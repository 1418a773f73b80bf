"""Confidence intervals over queries, by the percentile bootstrap.

Queries are resampled. An interval therefore says how much a number depends on which queries were
asked, and nothing about the spread between training runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from backfill.arrays import Float64s
from backfill.errors import InputError

# Numbers in one batch of resamples: 64 MiB as float64, however many queries there are.
_BATCH_VALUES = 2**23


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


def bootstrap_mean(
    per_query: ArrayLike, seed: int, resamples: int = 1000, level: float = 0.95
) -> Interval:
    """Find the confidence interval of a mean over queries.

    Args:
        per_query: (Q,) values; NaN entries, of queries without positives, are left out.
        seed: draws the resamples.
        resamples: number of them.
        level: confidence level, between 0 and 1.

    Returns:
        The interval.

    Raises:
        InputError: fewer than two queries are left, or `resamples` or `level` is out of range.

    Source:
        Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """

    def mean(values: Float64s, axis: int) -> Any:
        return values.mean(axis=axis)

    return _interval([("per_query", per_query)], mean, seed, resamples, level)


def bootstrap_gain(
    per_query: ArrayLike,
    per_query_old: ArrayLike,
    per_query_new: ArrayLike,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Find the confidence interval of Gain, a ratio of means over queries.

    Every resample draws the same queries for the three systems. The interval is wide or NaN if the
    old and the new system hardly differ.

    Args:
        per_query: (Q,) areas of a method; a query with NaN in any of the three is left out.
        per_query_old: (Q,) areas of the old system.
        per_query_new: (Q,) areas of the new system.
        seed: draws the resamples.
        resamples: number of them.
        level: confidence level, between 0 and 1.

    Returns:
        The interval.

    Raises:
        InputError: as :func:`bootstrap_mean` does, or the lengths differ.

    Source:
        Gain: rank merge (Seo et al., WACV 2025), Table 1.
    """

    def gain(values: Float64s, old: Float64s, new: Float64s, axis: int) -> Any:
        base = old.mean(axis=axis)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (values.mean(axis=axis) - base) / (new.mean(axis=axis) - base)

    samples: list[tuple[str, ArrayLike]] = [
        ("per_query", per_query),
        ("per_query_old", per_query_old),
        ("per_query_new", per_query_new),
    ]
    return _interval(samples, gain, seed, resamples, level)


def _interval(
    samples: list[tuple[str, ArrayLike]],
    statistic: Callable[..., Any],
    seed: int,
    resamples: int,
    level: float,
) -> Interval:
    if resamples < 1:
        raise InputError(f"resamples: expected at least 1, got {resamples}")
    if not 0 < level < 1:
        raise InputError(f"level: expected a share between 0 and 1, got {level}")
    arrays = [np.asarray(values, dtype=np.float64) for _, values in samples]
    for (name, _), array in zip(samples, arrays, strict=True):
        if array.ndim != 1 or array.shape != arrays[0].shape:
            expected = f"shape {arrays[0].shape}" if arrays[0].ndim == 1 else "a 1-D array"
            raise InputError(f"{name}: expected {expected}, got shape {array.shape}")
    kept = ~np.any(np.isnan(arrays), axis=0)
    if kept.sum() < 2:
        raise InputError(
            f"{samples[0][0]}: expected at least two queries with positives, got {kept.sum()}"
        )
    from scipy.stats import bootstrap  # takes half a second, which every stage would spend

    result = bootstrap(
        [array[kept] for array in arrays],
        statistic,
        n_resamples=resamples,
        batch=max(1, _BATCH_VALUES // int(kept.sum())),
        vectorized=True,
        paired=True,
        confidence_level=level,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return Interval(*(float(bound) for bound in result.confidence_interval))
