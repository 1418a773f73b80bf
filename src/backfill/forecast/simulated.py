"""Every method's measures at every fraction, for each query and completion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backfill.arrays import Float64s, Int64s
from backfill.forecast.candidates import Candidates, find, including
from backfill.forecast.curves import Completer, Merge, of_new, of_old
from backfill.forecast.known import Known
from backfill.forecast.measuring import JUDGED, WITHOUT_JUDGEMENTS, measured
from backfill.forecast.methods import METHODS
from backfill.forecast.problem import Problem
from backfill.forecast.settings import Settings
from backfill.forecast.systems import Fitted, fit_systems

LEAST = 4_000  # a gallery of no more items is looked at as a whole
MOST = 1_000_000  # in a gallery of more items, only the best map is looked at


@dataclass(frozen=True, eq=False)
class Searched:
    """Candidates of all queries, and what is known.

    Attributes:
        fitted: the channels that found them.
        candidates: of each query.
        known: items whose new vectors are there.
    """

    fitted: Fitted
    candidates: Candidates
    known: Known


@dataclass(frozen=True, eq=False)
class Simulated:
    """Measures of I completions, for Q queries.

    Attributes:
        old: name of the measure -> (I, Q), by the old system.
        new: name of the measure -> (I, Q), by the new system.
        methods: method -> name of the measure -> (T, I, Q).
    """

    old: dict[str, Float64s]
    new: dict[str, Float64s]
    methods: dict[str, dict[str, Float64s]]


def search(problem: Problem, settings: Settings) -> Searched:
    """Fit the maps, and find every query's candidates in one pass over the gallery."""
    fitted = fit_systems(
        problem.known_old,
        problem.known_new,
        problem.queries_old,
        problem.queries_new,
        foreign=problem.foreign,
        maps=settings.maps,
        with_back=problem.size <= MOST,
        best_only=problem.size > MOST,
        seed=settings.seed,
    )
    count = problem.size if problem.size <= LEAST else settings.candidates
    candidates = find(fitted.channels, problem.old, count)
    if problem.judgements is not None and problem.size > LEAST:
        wanted = [problem.judgements.relevant(q)[0] for q in range(len(problem.queries))]
        candidates = including(candidates, wanted, fitted.channels, problem.old)
    if len(problem.stand_ins):
        gone = np.isin(candidates.items, problem.stand_ins)
        candidates = Candidates(
            np.where(gone, -1, candidates.items),
            np.where(gone, -np.inf, candidates.scores).astype(np.float32),
            candidates.outside,
        )
    new = problem.queries_new @ problem.known_new.T
    return Searched(fitted, candidates, Known(problem.rows, problem.random, fitted.pairs, new))


def simulate(
    problem: Problem,
    searched: Searched,
    completer: Completer,
    position: Int64s,
    settings: Settings,
    only: str | None = None,
) -> Simulated:
    """Simulate the backfill by every method.

    Args:
        problem: queries and gallery.
        searched: their candidates.
        completer: of their candidates.
        position: (N,) each item's place in the order of backfilling.
        settings: fractions, completions, seed.
        only: one method; None: all that there are.
    """
    names = WITHOUT_JUDGEMENTS + (JUDGED if problem.judgements is not None else ())
    systems, known = searched.fitted.systems, searched.known
    possible = {
        name: Merge(name, systems, known)
        for name, method in METHODS.items()
        if only in (None, name) and method.waiting(systems, known.scores[:, :, :1]) is not None
    }
    references: dict[str, list[dict[str, Float64s]]] = {"old": [], "new": []}
    curves: dict[str, list[list[dict[str, Float64s]]]] = {name: [] for name in possible}
    for completed in completer.completions(settings.completions, position):
        new = of_new(completed)
        for reference, columns in (("old", of_old(completed)), ("new", new)):
            of = measured(completed, columns, new, problem.judgements, names)
            references[reference].append(of)
        for name, merge in possible.items():
            curves[name].append(
                [
                    measured(completed, columns, new, problem.judgements, names)
                    for columns in merge.ranked(completed, settings.fractions)
                ]
            )
    stacked = {
        which: {name: np.stack([of[name] for of in each]) for name in names}
        for which, each in references.items()
    }
    of_methods = {
        name: {
            measure: np.stack([[of[measure] for of in one] for one in each]).swapaxes(0, 1)
            for measure in names
        }
        for name, each in curves.items()
    }
    return Simulated(stacked["old"], stacked["new"], of_methods)
