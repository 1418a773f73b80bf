"""Results made up to order, where real curves would not show what a test is about."""

import numpy as np

from backfill.reporting.panel import PanelResults
from backfill.reporting.sampling import Sampling
from backfill.reporting.study import Study
from backfill.results import SIDES, Histogram, MethodResult
from backfill.retrieval import BackfillCurve

SAMPLING = Sampling(seed=0, resamples=200, level=0.9)


def as_panel(results, old="old", new="new", names=None) -> PanelResults:
    """A panel of results by label; the rows' names are the labels unless `names` has others."""
    return PanelResults(results, {k: (names or {}).get(k, k) for k in results}, old, new)


def as_study(panels, *, dataset="d", name="s", sampling=SAMPLING, **settings) -> Study:
    """A study of these panels."""
    return Study(dataset, name, panels, sampling, **settings)


def result(*seeds, name="method", distances=0) -> MethodResult:
    """One curve for each (Q, T) of hits: every k has these hits, and they are the precision."""
    fraction = np.linspace(0, 1, np.shape(seeds[0])[1])
    curves = tuple(
        BackfillCurve(fraction, np.array(h, float), dict.fromkeys((1, 5), np.array(h, bool)))
        for h in seeds
    )
    counts = np.full(4, 10 + distances)
    histogram = Histogram(np.linspace(0, 4, 5), counts, counts)
    return MethodResult(name, curves, dict.fromkeys(SIDES, histogram))


def at_levels(*levels: float, queries: int = 40, name="method", distances=0) -> MethodResult:
    """At each fraction the first `level` of the queries are right, under two seeds alike."""
    # Rounded: 3 * 0.1 of 40 queries would otherwise be a little above 12, and so 13 of them.
    right = np.arange(queries)[:, None] < np.rint(queries * np.array(levels))
    return result(right, right, name=name, distances=distances)
