"""Confidence intervals over queries and draws of the encoders, by the percentile bootstrap.

A resample draws queries and, independently, draws of the encoders: the same queries for all draws,
since all of them are asked the same. What was trained several times within a draw is averaged
first, as the highest level of a nested design is the one to resample. With a single draw, an
interval says how much a number depends on which queries were asked, and nothing about encoders.
With few draws it is somewhat narrow: D draws show (D - 1) / D of their variance.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Float64s, Int64s
from backfill.errors import InputError

# Numbers in one batch of resamples: 64 MiB as float64, however many queries there are.
_BATCH_VALUES = 2**23
_MOST_RESAMPLES = 1_000_000


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


def bootstrap_mean(
    per_query: ArrayLike, seed: int, resamples: int = 1000, level: float = 0.95
) -> Interval:
    """Find the confidence interval of a mean over queries and draws.

    Args:
        per_query: (Q,) values, or (D, Q) on D draws of the encoders; a query with NaN, because it
            has no positives, is left out.
        seed: draws the resamples.
        resamples: number of them.
        level: confidence level, between 0 and 1.

    Returns:
        The interval.

    Raises:
        InputError: fewer than two queries are left, or `resamples` or `level` is out of range.

    Source:
        Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13; two crossed factors:
        Owen, The pigeonhole bootstrap, Annals of Applied Statistics, 2007.
    """

    def mean(values: Float64s) -> Float64s:
        return np.asarray(values.mean(axis=-1))

    return bootstrap_statistic({"per_query": per_query}, mean, seed, resamples, level)


def bootstrap_gain(
    per_query: ArrayLike,
    per_query_old: ArrayLike,
    per_query_new: ArrayLike,
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Find the confidence interval of Gain, a ratio of means over queries and draws.

    Every resample draws the same queries and encoders for the three systems. The interval is wide
    or NaN if the old and the new system hardly differ.

    Args:
        per_query: (Q,) or (D, Q) areas of a method; a query with NaN in any of the three is left
            out.
        per_query_old: areas of the old system, of the same shape.
        per_query_new: areas of the new system, of the same shape.
        seed: draws the resamples.
        resamples: number of them.
        level: confidence level, between 0 and 1.

    Returns:
        The interval.

    Raises:
        InputError: as :func:`bootstrap_mean` does, or the shapes differ.

    Source:
        Gain: rank merge (Seo et al., WACV 2025), Table 1.
    """

    def gain(values: Float64s, old: Float64s, new: Float64s) -> Float64s:
        base = old.mean(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((values.mean(axis=-1) - base) / (new.mean(axis=-1) - base))

    samples = {
        "per_query": per_query,
        "per_query_old": per_query_old,
        "per_query_new": per_query_new,
    }
    return bootstrap_statistic(samples, gain, seed, resamples, level)


def bootstrap_statistic(
    samples: Mapping[str, ArrayLike],
    statistic: Callable[..., Float64s],
    seed: int,
    resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """Find the confidence interval of what is computed from means over queries.

    Args:
        samples: name -> (Q,) or (D, Q) values, all of one shape; a query with NaN in any of them is
            left out.
        statistic: maps the samples' means over the drawn queries, (B, D) each for B resamples and
            the D encoders that were drawn, to (B,) numbers. A NaN among these is left out.
        seed: draws the resamples.
        resamples: number of them.
        level: confidence level, between 0 and 1.

    Returns:
        The interval; NaN if the statistic is never defined.

    Raises:
        InputError: as :func:`bootstrap_mean` does, or the shapes differ.
    """
    if not callable(statistic):
        raise InputError(f"statistic: expected a function, got {validate.shown(statistic)}")
    validate.seed("seed", seed)
    validate.count("resamples", resamples, most=_MOST_RESAMPLES)
    validate.share("level", level, inside=True)
    if not isinstance(samples, Mapping) or not samples:
        raise InputError(f"samples: expected named samples, got {validate.shown(samples)}")
    arrays = [validate.reals(str(name), values) for name, values in samples.items()]
    for name, array in zip(samples, arrays, strict=True):
        if array.ndim not in (1, 2) or array.shape != arrays[0].shape:
            several = arrays[0].ndim in (1, 2)
            expected = f"shape {arrays[0].shape}" if several else "an array (Q,) or (D, Q)"
            raise InputError(f"{name}: expected {expected}, got shape {array.shape}")
        if np.isinf(array).any():
            raise InputError(f"{name}: expected finite numbers or NaN, got an infinite one")
    stacked = np.stack([np.atleast_2d(array) for array in arrays])  # (K, D, Q)
    kept = ~np.isnan(stacked).any(axis=(0, 1))
    queries = int(kept.sum())
    if queries < 2:
        raise InputError(
            f"{next(iter(samples))}: expected at least two queries with positives, got {queries}"
        )
    drawn = _resampled(stacked[:, :, kept], statistic, seed, resamples)
    ends = (1 - level) / 2, (1 + level) / 2
    with np.errstate(invalid="ignore"):
        defined = drawn[~np.isnan(drawn)]
        low, high = np.quantile(defined, ends) if len(defined) else (np.nan, np.nan)
    return Interval(float(low), float(high))


def _resampled(
    values: Float64s, statistic: Callable[..., Float64s], seed: int, resamples: int
) -> Float64s:
    """The statistic of each resample of (K, D, Q) values, (resamples,)."""
    from scipy.stats import bootstrap  # takes half a second, which every stage would spend

    _, draws, queries = values.shape

    def of(*indices: Int64s, axis: int) -> Any:
        """The statistic of (B, Q) queries and, with several draws, (B, D) draws."""
        asked = np.atleast_2d(indices[0])
        # How often each query was drawn: means over them are then one matrix product.
        offsets = queries * np.arange(len(asked))[:, None]
        counts = np.bincount((asked + offsets).ravel(), minlength=asked.size).reshape(asked.shape)
        means = [counts @ sample.T / queries for sample in values]
        if len(indices) > 1:
            of_draws = np.atleast_2d(indices[1])
            means = [np.take_along_axis(mean, of_draws, axis=1) for mean in means]
        found = statistic(*means)
        if np.shape(found) != (len(asked),):
            raise InputError(
                f"statistic: expected ({len(asked)},) numbers, got shape {np.shape(found)}"
            )
        return found if indices[0].ndim > 1 else found[0]

    pools: Sequence[Int64s] = [np.arange(queries)] + ([np.arange(draws)] if draws > 1 else [])
    with warnings.catch_warnings():
        # About scipy's own interval, which a single NaN spoils.
        warnings.simplefilter("ignore")
        return np.asarray(
            bootstrap(
                pools,
                of,
                n_resamples=resamples,
                batch=max(1, _BATCH_VALUES // queries),
                vectorized=True,
                confidence_level=0.95,
                method="percentile",
                rng=np.random.default_rng(seed),
            ).bootstrap_distribution
        )
