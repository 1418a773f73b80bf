"""Confidence intervals over queries, by the percentile bootstrap.

The queries are resampled, so an interval says how much a figure depends on which queries were
asked; it knows nothing of the spread between training runs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backfill.errors import InputError

Float64s = NDArray[np.float64]

# Values held by one batch of resamples: 64 MiB as float64, however many queries there are.
_BATCH_VALUES = 2**23


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


def bootstrap_mean(
    per_query: ArrayLike, seed: int, resamples: int = 1000, level: float = 0.95
) -> Interval:
    """Interval of the mean of per_query, (Q,); NaN entries (no positives) are left out.

    Raises InputError with fewer than two queries left, or for resamples or level out of range.
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
    """Interval of Gain (rank merge, Table 1), a ratio of means, from per-query areas, (Q,) each.

    Every resample draws the same queries for the three systems. Queries with a NaN in any of the
    three are left out. The interval is wide or NaN where old and new hardly differ.

    Raises InputError as bootstrap_mean does, and if the lengths differ.
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
    from scipy.stats import bootstrap  # half a second, which every stage would pay

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
