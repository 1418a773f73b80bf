"""The curves that a report shows, each with its name and the direction that is better."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backfill.results import MethodResult
from backfill.retrieval import negative_flip_rate


@dataclass(frozen=True)
class Measure:
    """One number of a retrieval system as a function of the backfill fraction.

    key: name in files, such as `cmc_1`. label: name for readers. summary: what its mean over the
    backfill is called. higher_is_better: whether a rising curve is good news.
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
        """How many of the nearest items it looks at; None of mAP, which ranks them all."""
        return None if self.kind == "map" else int(self.key.partition("_")[2])


MAP = Measure("map", "mAP", "AUC_mAP")


def cmc(k: int) -> Measure:
    """The share of queries with a positive among their k nearest items."""
    return Measure(f"cmc_{k}", f"CMC@{k}", f"AUC_CMC@{k}")


def nfr(k: int) -> Measure:
    """The share of the queries the old system gets right in its top k that are wrong now."""
    return Measure(f"nfr_{k}", f"NFR@{k}", f"mean NFR@{k}", higher_is_better=False)


def measures(result: MethodResult) -> list[Measure]:
    """The measures of a report: mAP, CMC for every stored k, and negative flips in the top 1."""
    return [MAP, *(cmc(k) for k in sorted(result.curves[0].hits)), nfr(1)]


def per_seed(result: MethodResult, measure: Measure, old: MethodResult) -> NDArray[np.float64]:
    """The curve of `measure` under every seed, (S, T), as fractions.

    `old` is the reference of negative flips; the other measures do not look at it. Where it has
    fewer seeds than `result`, because nothing in it is trained, its seeds are used in turn.
    """
    k = measure.k
    if k is None:
        curves = [curve.mean_average_precision for curve in result.curves]
    elif measure.kind == "cmc":
        curves = [curve.cmc[k] for curve in result.curves]
    else:
        curves = [
            negative_flip_rate(old.curves[seed % len(old.curves)], curve, k)
            for seed, curve in enumerate(result.curves)
        ]
    return np.stack(curves).astype(np.float64)
