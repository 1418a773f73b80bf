"""The numbers of one method: estimates with their uncertainty, and what its curve does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from backfill.arrays import Float64s
from backfill.reporting.conditions import Met, met
from backfill.reporting.measures import (
    MAP,
    areas_by_query,
    by_draw,
    cmc,
    nfr,
    on_common_draws,
    per_run,
)
from backfill.reporting.sampling import Sampling
from backfill.results import MethodResult
from backfill.retrieval import Interval, gain, worst_step

CONDITIONS = Met._fields[:3]
_DECIMALS = 6


class Estimate(NamedTuple):
    """A number, its bootstrap interval, and its spread over what was trained anew.

    Attributes:
        value: mean over the runs.
        low: lower end of the interval over queries and draws of the encoders.
        high: upper end of the interval.
        std: standard deviation (ddof 1) over the draws or, with a single one, over the seeds of
            transforms and orders; NaN if nothing was trained or drawn twice.
    """

    value: float
    low: float
    high: float
    std: float


@dataclass(frozen=True)
class Numbers:
    """One method's numbers: fractions, not percent, rounded to six decimals.

    Attributes:
        auc_map: area under mAP.
        auc_cmc: area under CMC@k, by k.
        gain: of the mean areas under mAP, not the mean of the runs' gains; NaN where old and new
            are equally good.
        draws: independent draws of the encoders.
        map_start: mAP with nothing backfilled.
        map_end: mAP with everything backfilled.
        worst_step: lowest change of mAP from one fraction to the next in any run.
        nfr_1_start: NFR@1 with nothing backfilled.
        nfr_1_mean: its mean over the fractions.
        nfr_1_max: its largest value.
        on_map: in how many runs eq. 6-8 of the rank merge paper hold of mAP.
        on_cmc_1: the same of CMC@1.
        recall_min: least recall of an approximate search; None for an exact one.
        trapezoidal: the mean over the backfill, the start and the end of the trapezoidal mAP of the
            whole ranking; None if the benchmark has none.
    """

    auc_map: Estimate
    auc_cmc: Mapping[int, Estimate]
    gain: Estimate
    draws: int
    map_start: float
    map_end: float
    worst_step: float
    nfr_1_start: float
    nfr_1_mean: float
    nfr_1_max: float
    on_map: Met
    on_cmc_1: Met
    recall_min: float | None
    trapezoidal: tuple[float, float, float] | None = None

    @property
    def estimates(self) -> dict[str, Estimate]:
        """All estimates, by their names in files."""
        areas = {f"auc_cmc_{k}": area for k, area in self.auc_cmc.items()}
        return {"auc_map": self.auc_map, **areas, "gain": self.gain}

    def headline(self) -> dict[str, float | None]:
        """The columns of rank merge's Table 1, for metrics.json; None where one is not defined."""
        found = {
            "auc_map": self.auc_map.value,
            "auc_cmc_1": self.auc_cmc[1].value,
            "gain": self.gain.value,
        }
        return {key: value if np.isfinite(value) else None for key, value in found.items()}

    def row(self) -> dict[str, Any]:
        """All numbers, as columns of table.csv."""
        row: dict[str, Any] = {}
        for key, estimate in self.estimates.items():
            row |= {key: estimate.value, f"{key}_low": estimate.low, f"{key}_high": estimate.high}
            row[f"{key}_std"] = estimate.std
        for key in (
            "draws",
            "map_start",
            "map_end",
            "worst_step",
            "nfr_1_start",
            "nfr_1_mean",
            "nfr_1_max",
        ):
            row[key] = getattr(self, key)
        row["runs"] = self.on_map.runs
        for key, found in (("map", self.on_map), ("cmc_1", self.on_cmc_1)):
            for condition in CONDITIONS:
                row[f"{key}_{condition}"] = getattr(found, condition)
        if self.recall_min is not None:
            row["recall_min"] = self.recall_min
        if self.trapezoidal is not None:
            keys = ("auc_map_trapezoidal", "map_trapezoidal_start", "map_trapezoidal_end")
            row |= dict(zip(keys, self.trapezoidal, strict=True))
        return row


def method_numbers(
    result: MethodResult, old: MethodResult, new: MethodResult, sampling: Sampling
) -> Numbers:
    """Everything that a report says about one method in numbers.

    Args:
        result: the method.
        old: the floor of Gain, and the reference of negative flips.
        new: the goal of Gain.
        sampling: of the intervals. For Gain, `old` and `new` are resampled along with the method.

    Returns:
        The numbers of the curve that is the mean over the runs, on the draws of the encoders that
        all three have. Conditions and the worst step are those of the single runs.
    """
    result, old, new = on_common_draws(result, old, new)
    curves, flips = per_run(result, MAP, old), per_run(result, nfr(1), old).mean(axis=0)
    merged = curves.mean(axis=0)
    areas, by_query = _areas(result), areas_by_query(result)
    references = [float(_areas(reference).mean()) for reference in (old, new)]
    gains = _gains(result, old, new)
    recall = result.recall
    return Numbers(
        auc_map=_estimate(areas.mean(), sampling.mean(by_query), _apart(result, areas)),
        auc_cmc={k: _area_of_hits(result, k, sampling) for k in sorted(result.curves[0].hits)},
        gain=_estimate(
            gain(float(areas.mean()), *references),
            sampling.gain(by_query, areas_by_query(old), areas_by_query(new)),
            gains,
        ),
        draws=result.draws,
        map_start=_rounded(merged[0]),
        map_end=_rounded(merged[-1]),
        worst_step=_rounded(min(map(worst_step, curves))),
        nfr_1_start=_rounded(flips[0]),
        nfr_1_mean=_rounded(flips.mean()),
        nfr_1_max=_rounded(flips.max()),
        on_map=met(result, old, new, MAP),
        on_cmc_1=met(result, old, new, cmc(1)),
        recall_min=None if recall is None else _rounded(recall.min()),
        trapezoidal=_trapezoidal(result),
    )


def _trapezoidal(result: MethodResult) -> tuple[float, float, float] | None:
    """Mean over the backfill, start and end of the trapezoidal mAP, if all runs have one."""
    curves = [c.mean_trapezoidal for c in result.curves if c.mean_trapezoidal is not None]
    if not curves:
        return None
    mean = np.mean(curves, axis=0)
    area = float(np.trapezoid(mean, result.curves[0].fraction))
    return _rounded(area), _rounded(mean[0]), _rounded(mean[-1])


def _area_of_hits(result: MethodResult, k: int, sampling: Sampling) -> Estimate:
    areas = np.array([curve.auc_cmc[k] for curve in result.curves])
    interval = sampling.mean(areas_by_query(result, k))
    return _estimate(areas.mean(), interval, _apart(result, areas))


def _areas(result: MethodResult) -> Float64s:
    """AUC_mAP of every run, (R,)."""
    return np.array([curve.auc_map for curve in result.curves])


def _apart(result: MethodResult, values: Float64s) -> Float64s:
    """What the spread is over: the means of the draws or, with a single one, its runs."""
    return by_draw(result, values) if result.draws > 1 else values


def _gains(result: MethodResult, old: MethodResult, new: MethodResult) -> Float64s:
    """Gain in each draw, against the references of this draw, or of each run of a single draw."""
    base, goal = (by_draw(reference, _areas(reference)) for reference in (old, new))
    areas = _apart(result, _areas(result))
    return np.array([gain(*of) for of in np.broadcast(areas, base, goal)])


def _estimate(value: float, interval: Interval, apart: Float64s) -> Estimate:
    spread = apart.std(ddof=1) if len(apart) > 1 else np.nan
    return Estimate(*map(_rounded, (value, *interval, spread)))


def _rounded(value: float) -> float:
    """Six decimals; never -0.0, and NaN for infinities, which JSON lacks."""
    return round(float(value), _DECIMALS) + 0.0 if np.isfinite(value) else float("nan")
