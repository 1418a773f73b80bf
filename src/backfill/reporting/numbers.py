"""The numbers of one method: estimates with their uncertainty, and what its curve does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from backfill.arrays import Float64s
from backfill.reporting.measures import MAP, Measure, areas_by_query, cmc, nfr, per_seed
from backfill.reporting.sampling import Sampling
from backfill.results import MethodResult
from backfill.retrieval import Conditions, Interval, gain, worst_step

_DECIMALS = 6


class Estimate(NamedTuple):
    """A number, its bootstrap interval over the queries, and its spread over the seeds.

    Attributes:
        value: for the mean over the seeds.
        low: lower end of the interval.
        high: upper end of the interval.
        seed_std: standard deviation over the seeds (ddof 1); NaN for a single seed.
    """

    value: float
    low: float
    high: float
    seed_std: float


@dataclass(frozen=True)
class Numbers:
    """One method's numbers: fractions, not percent, rounded to six decimals.

    Attributes:
        auc_map: area under mAP.
        auc_cmc: area under CMC@k, by k.
        gain: of the mean areas under mAP, not the mean of the seeds' gains; NaN where old and new
            are equally good. Its spread holds both references at their means.
        map_start: mAP with nothing backfilled.
        map_end: mAP with everything backfilled.
        worst_step: lowest change of mAP from one fraction to the next.
        nfr_1_start: NFR@1 with nothing backfilled.
        nfr_1_mean: its mean over the fractions.
        nfr_1_max: its largest value.
        conditions: eq. 6-8 of the rank merge paper, on mAP.
        cmc_1_never_falls: eq. 8 on CMC@1.
        recall_min: least recall of an approximate search; None for an exact one.
    """

    auc_map: Estimate
    auc_cmc: Mapping[int, Estimate]
    gain: Estimate
    map_start: float
    map_end: float
    worst_step: float
    nfr_1_start: float
    nfr_1_mean: float
    nfr_1_max: float
    conditions: Conditions
    cmc_1_never_falls: bool
    recall_min: float | None

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
            row[f"{key}_seed_std"] = estimate.seed_std
        for key in ("map_start", "map_end", "worst_step", "nfr_1_start", "nfr_1_mean", "nfr_1_max"):
            row[key] = getattr(self, key)
        row |= asdict(self.conditions) | {"cmc_1_never_falls": self.cmc_1_never_falls}
        return row if self.recall_min is None else row | {"recall_min": self.recall_min}


def method_numbers(
    result: MethodResult, old: MethodResult, new: MethodResult, sampling: Sampling
) -> Numbers:
    """Everything that a report says about one method in numbers.

    Args:
        result: the method.
        old: the floor of Gain, and the reference of negative flips.
        new: the goal of Gain.
        sampling: of the intervals. A query's area is its mean over the seeds; for Gain, `old` and
            `new` are resampled along with the method.

    Returns:
        The numbers of the curve that is the mean over the seeds.
    """
    merged, hits, flips = (_mean_curve(result, m, old) for m in (MAP, cmc(1), nfr(1)))
    on_map, on_hits = (
        Conditions.of(
            curve, old=_mean_curve(old, measure, old)[0], new=_mean_curve(new, measure, old)[-1]
        )
        for measure, curve in ((MAP, merged), (cmc(1), hits))
    )
    areas, by_query = _areas(result), areas_by_query(result)
    references = [float(_areas(reference).mean()) for reference in (old, new)]
    gains = np.array([gain(area, *references) for area in areas])
    recall = result.recall
    return Numbers(
        auc_map=_estimate(areas.mean(), sampling.mean(by_query), areas),
        auc_cmc={k: _area_of_hits(result, k, sampling) for k in sorted(result.curves[0].hits)},
        gain=_estimate(
            gain(float(areas.mean()), *references),
            sampling.gain(by_query, areas_by_query(old), areas_by_query(new)),
            gains,
        ),
        map_start=_rounded(merged[0]),
        map_end=_rounded(merged[-1]),
        worst_step=_rounded(worst_step(merged)),
        nfr_1_start=_rounded(flips[0]),
        nfr_1_mean=_rounded(flips.mean()),
        nfr_1_max=_rounded(flips.max()),
        conditions=on_map,
        cmc_1_never_falls=on_hits.never_falls,
        recall_min=None if recall is None else _rounded(recall.min()),
    )


def _area_of_hits(result: MethodResult, k: int, sampling: Sampling) -> Estimate:
    areas = np.array([curve.auc_cmc[k] for curve in result.curves])
    return _estimate(areas.mean(), sampling.mean(areas_by_query(result, k)), areas)


def _areas(result: MethodResult) -> Float64s:
    """AUC_mAP under every seed, (S,)."""
    return np.array([curve.auc_map for curve in result.curves])


def _mean_curve(result: MethodResult, measure: Measure, old: MethodResult) -> Float64s:
    """The curve of `measure`, (T,), mean over the seeds."""
    return np.asarray(per_seed(result, measure, old).mean(axis=0))


def _estimate(value: float, interval: Interval, by_seed: Float64s) -> Estimate:
    spread = by_seed.std(ddof=1) if len(by_seed) > 1 else np.nan
    return Estimate(*map(_rounded, (value, *interval, spread)))


def _rounded(value: float) -> float:
    """Six decimals; never -0.0, and NaN for infinities, which JSON lacks."""
    return round(float(value), _DECIMALS) + 0.0 if np.isfinite(value) else float("nan")
