"""metrics.json: the numbers of every method, for `dvc metrics` and `dvc exp show`."""

from dataclasses import asdict
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from backfill.reporting.measures import MAP, Measure, cmc, nfr, per_seed
from backfill.results import MethodResult
from backfill.retrieval import (
    Conditions,
    bootstrap_gain,
    bootstrap_mean,
    gain,
    query_auc_cmc,
    query_auc_map,
    worst_step,
)

Metrics = dict[str, Any]
Float64s = NDArray[np.float64]


class Sampling(TypedDict):
    """How bootstrap intervals are drawn: keywords that everything with intervals takes."""

    seed: int
    resamples: int
    level: float


def method_metrics(
    result: MethodResult,
    old: MethodResult,
    new: MethodResult,
    *,
    seed: int,
    resamples: int,
    level: float,
) -> Metrics:
    """One method's numbers, ready for JSON: fractions, not percent, rounded to six decimals.

    auc_map, auc_cmc_<k>, gain, map_start, map_end, worst_step, nfr_1_max, nfr_1_mean: of the curve
    that is the mean over the seeds; the Gain is that of the mean AUCs, not the mean of Gains.
    recall_min: of an approximate search, the least over the backfill.
    conditions: eq. 6-8 of the rank merge paper on that curve, and eq. 8 on its CMC@1 as well.
    ci: intervals over the queries that hold `level` of `resamples` bootstrap resamples, each
    query's AUC being its mean over the seeds; for gain, `old` and `new` are resampled alongside.
    seed_std: standard deviations over the seeds (ddof 1), None for a single seed; that of gain
    holds both references at their means.
    """
    merged, flips = (_mean_curve(result, measure, old) for measure in (MAP, nfr(1)))
    conditions, on_hits = (
        Conditions.of(
            _mean_curve(result, measure, old),
            old=_mean_curve(old, measure, old)[0],
            new=_mean_curve(new, measure, old)[-1],
        )
        for measure in (MAP, cmc(1))
    )

    # (S,) areas and (Q,) areas of everything that has one, under its name in metrics.json.
    ks = sorted(result.curves[0].hits)
    areas = {"auc_map": _areas(result)}
    areas |= {f"auc_cmc_{k}": np.array([curve.auc_cmc[k] for curve in result.curves]) for k in ks}
    by_query = {"auc_map": areas_by_query(result)}
    by_query |= {f"auc_cmc_{k}": areas_by_query(result, k) for k in ks}
    references = [float(_areas(reference).mean()) for reference in (old, new)]
    gains = np.array([gain(area, *references) for area in areas["auc_map"]])

    intervals = {
        name: bootstrap_mean(values, seed, resamples, level) for name, values in by_query.items()
    }
    intervals["gain"] = bootstrap_gain(
        by_query["auc_map"], areas_by_query(old), areas_by_query(new), seed, resamples, level
    )

    found = result.recall
    metrics: Metrics = _plain(
        {
            **({} if found is None else {"recall_min": found.min()}),
            **{name: area.mean() for name, area in areas.items()},
            "gain": gain(float(areas["auc_map"].mean()), *references),
            "map_start": merged[0],
            "map_end": merged[-1],
            "worst_step": worst_step(merged),
            "nfr_1_max": flips.max(),
            "nfr_1_mean": flips.mean(),
            "conditions": {**asdict(conditions), "cmc_1_never_falls": on_hits.never_falls},
            "ci": {name: interval._asdict() for name, interval in intervals.items()},
            "seed_std": {name: _std(values) for name, values in (areas | {"gain": gains}).items()},
        }
    )
    return metrics


def _mean_curve(result: MethodResult, measure: Measure, old: MethodResult) -> Float64s:
    """The curve of `measure`, (T,), mean over the seeds."""
    return np.asarray(per_seed(result, measure, old).mean(axis=0))


def _areas(result: MethodResult) -> Float64s:
    """AUC_mAP under every seed, (S,)."""
    return np.array([curve.auc_map for curve in result.curves])


def areas_by_query(result: MethodResult, k: int | None = None) -> Float64s:
    """Every query's area under its average precision, or its hits in the top k; (Q,).

    Means over the seeds; NaN for a query without positives.
    """
    areas = [query_auc_map(c) if k is None else query_auc_cmc(c, k) for c in result.curves]
    return np.asarray(np.mean(areas, axis=0))


def _std(values: Float64s) -> float | None:
    return float(values.std(ddof=1)) if len(values) > 1 else None


def _plain(value: Any) -> Any:
    """Built-in types for JSON, rounded; None for NaN and infinities, which JSON lacks."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, bool):
        return value
    return round(float(value), 6) + 0.0 if np.isfinite(value) else None  # + 0.0: never -0.0
