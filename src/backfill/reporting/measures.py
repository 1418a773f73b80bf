"""The curves that a report shows, each with its name and the direction that is better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backfill.arrays import Float64s
from backfill.results import MethodResult
from backfill.retrieval import negative_flip_rate, query_auc_cmc, query_auc_map


@dataclass(frozen=True)
class Measure:
    """One number of a retrieval system as a function of the backfill fraction.

    Attributes:
        key: its name in files, such as `cmc_1`.
        label: its name for readers.
        summary: what its mean over the backfill is called.
        higher_is_better: whether a rising curve is good news.
    """

    key: str
    label: str
    summary: str
    higher_is_better: bool = True

    @property
    def kind(self) -> str:
        """`map`, `cmc` or `nfr`."""
        return self.key.partition("_")[0]

    @property
    def k(self) -> int | None:
        """How many of the nearest items it looks at; None for mAP, which ranks them all."""
        return None if self.kind == "map" else int(self.key.partition("_")[2])

    @property
    def summary_key(self) -> str:
        """The name of its mean over the backfill in files, such as `auc_map`."""
        return f"{self.key}_mean" if self.kind == "nfr" else f"auc_{self.key}"

    @property
    def axis(self) -> str:
        """What the axis of a figure says."""
        better = "higher" if self.higher_is_better else "lower"
        return f"{self.label} (%), {better} is better"


MAP = Measure("map", "mAP", "AUC_mAP")


def cmc(k: int) -> Measure:
    """The share of queries with a positive among their k nearest items."""
    return Measure(f"cmc_{k}", f"CMC@{k}", f"AUC_CMC@{k}")


def nfr(k: int) -> Measure:
    """Of the queries that the old system gets right in its top k, the share that is wrong now."""
    return Measure(f"nfr_{k}", f"NFR@{k}", f"mean NFR@{k}", higher_is_better=False)


def measures(result: MethodResult) -> list[Measure]:
    """The measures of a report: mAP, CMC for every stored k, and negative flips in the top 1."""
    return [MAP, *(cmc(k) for k in sorted(result.curves[0].hits)), nfr(1)]


def per_run(result: MethodResult, measure: Measure, old: MethodResult) -> Float64s:
    """The curve of `measure` in every run.

    Args:
        result: the method, with R runs and T fractions.
        measure: what to compute.
        old: the reference of negative flips, on the same draw of the encoders; the other measures
            do not look at it.

    Returns:
        (R, T) fractions.
    """
    k = measure.k
    if k is None:
        curves = [curve.mean_average_precision for curve in result.curves]
    elif measure.kind == "cmc":
        curves = [curve.cmc[k] for curve in result.curves]
    else:
        curves = [negative_flip_rate(was, curve, k) for was, curve in old.beside(result)]
    return np.stack(curves).astype(np.float64)


def areas_by_query(result: MethodResult, k: int | None = None) -> Float64s:
    """Every query's area under its average precision or, with `k`, under its hits in the top k.

    Returns:
        (D, Q) means over the runs of each draw; NaN for a query without positives.
    """
    areas = [query_auc_map(c) if k is None else query_auc_cmc(c, k) for c in result.curves]
    return by_draw(result, np.stack(areas))


def by_draw(result: MethodResult, values: Float64s) -> Float64s:
    """The mean of each draw's runs.

    Args:
        result: whose runs they are.
        values: (R, ...) one for each run.

    Returns:
        (D, ...) one for each draw of the encoders.
    """
    draw = np.array(result.draw)
    return np.stack([values[draw == one].mean(axis=0) for one in np.unique(draw)])


def on_common_draws(*results: MethodResult) -> list[MethodResult]:
    """The same methods on the draws of the encoders that all of them have."""
    draws = min(result.draws for result in results)
    return [result.first(draws) for result in results]
