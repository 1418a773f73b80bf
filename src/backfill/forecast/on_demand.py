"""What embedding on demand does along a backfill, and along a query log."""

from __future__ import annotations

import numpy as np

from backfill.arrays import Float64s, Int64s
from backfill.forecast.cascade import demand, reranked, waiting
from backfill.forecast.curves import Completer, Merge, of_new
from backfill.forecast.measuring import OVERLAP, measured
from backfill.forecast.outcome import CascadeForecast
from backfill.forecast.problem import Problem
from backfill.forecast.settings import Settings
from backfill.forecast.simulated import Searched, Simulated
from backfill.forecast.summary import Summary


def cascade(
    problem: Problem,
    searched: Searched,
    base: str,
    completer: Completer,
    position: Int64s,
    measure: str,
    settings: Settings,
) -> CascadeForecast:
    """Simulate a cascade behind a method.

    Args:
        problem: queries and gallery.
        searched: their candidates.
        base: the method whose first items are embedded.
        completer: of their candidates.
        position: (N,) each item's place in the order of backfilling.
        measure: that decides.
        settings: how many items are embedded, and at which fractions.
    """
    k, fractions = settings.cascade, settings.fractions
    merge = Merge(base, searched.fitted.systems, searched.known)
    names = [OVERLAP] if problem.judgements is None else [OVERLAP, measure, "precision@10"]
    values: list[list[dict[str, Float64s]]] = []
    embedded, late = [], []
    for completed in completer.completions(settings.completions, position):
        new, found, counts = of_new(completed), [], []
        for fraction, columns in zip(fractions, merge.ranked(completed, fractions), strict=True):
            ranked = reranked(completed, columns, k)
            found.append(measured(completed, ranked, new, problem.judgements, names))
            counts.append(waiting(completed, columns, fraction, k).mean())
            if fraction == 0:
                late.append(_late(completed.items, columns[:, :k], settings.seed))
        values.append(found)
        embedded.append(counts)
    stacked = {
        name: np.stack([[of[name] for of in one] for one in values]).swapaxes(0, 1)
        for name in names
    }
    summary = Summary(
        Simulated({}, {}, {"cascade": stacked}), None,
        np.zeros(len(problem.queries), bool), problem.weights, settings.confidence,
        1 - len(problem.rows) / problem.size,
    )  # fmt: skip
    return CascadeForecast(
        k=k,
        base=base,
        curves={
            name: [
                summary.level(lambda of, t=t, n=name: of.methods["cascade"][n][t], name)  # type: ignore[misc]
                for t in range(len(fractions))
            ]
            for name in names
        },
        embedded=[float(value) for value in np.mean(embedded, axis=0)],
        embedded_late=float(np.mean(late)),
    )


def _late(items: Int64s, columns: Int64s, seed: int) -> float:
    """Embeddings per query in the last tenth of a log that asks every query once."""
    nearest = np.take_along_axis(items, np.maximum(columns, 0), axis=1)
    log = np.random.default_rng([seed, 6]).permutation(len(nearest))
    embedded = demand(np.where(columns < 0, -1, nearest), log).embedded
    return float(embedded[-max(1, len(log) // 10) :].mean())
