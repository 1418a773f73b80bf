"""A forecast, from a user's vectors to a decision."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backfill.align import fit
from backfill.arrays import Float64s, Int64s
from backfill.forecast.ask import NOTHING, Asked, ask
from backfill.forecast.cost import cost
from backfill.forecast.curves import Completed, Completer, of_new, of_old
from backfill.forecast.decision import decide, recommended
from backfill.forecast.known import Known
from backfill.forecast.measuring import OVERLAP
from backfill.forecast.methods import METHODS
from backfill.forecast.on_demand import cascade
from backfill.forecast.orders import (
    asked_most,
    dense,
    hubs,
    hubs_affordable,
    near_known,
    near_known_affordable,
    position_of,
    random,
)
from backfill.forecast.outcome import Forecast, Shown, Value
from backfill.forecast.problem import Problem, problem_of
from backfill.forecast.settings import Settings
from backfill.forecast.shown import changed_most
from backfill.forecast.simulated import Searched, Simulated, search, simulate
from backfill.forecast.summary import Summary, area
from backfill.reporting.escaped import printable
from backfill.vectors import Upgrade

_FEW_QUERIES = 30
JUDGED_BY = "nDCG@10"  # what decides where there are judgements


def forecast(
    upgrade: Upgrade,
    *,
    folder: str = "",
    asked: Asked = NOTHING,
    settings: Settings | None = None,
    rate: float | None = None,
    price: float | None = None,
) -> Forecast:
    """Predict what a switch of the model would do to a gallery, before it is paid for.

    Args:
        upgrade: old vectors of the gallery, new ones of a sample, and queries if there are any.
        folder: name of what was read.
        asked: items that were embedded because :func:`backfill.forecast.ask.ask` named them.
        settings: how it is made.
        rate: items per second of the new model.
        price: of a thousand embeddings.

    Returns:
        Curves of every method with intervals, and a decision.

    Raises:
        InputError: the vectors do not serve for a forecast.
    """
    return Forecaster.of(upgrade, asked, settings or Settings()).forecast(
        upgrade, folder, rate, price
    )


class Forecaster:
    """Makes a forecast of a problem whose candidates are found."""

    def __init__(
        self, problem: Problem, searched: Searched, asked: Asked, settings: Settings
    ) -> None:
        self.problem, self.searched, self.settings = problem, searched, settings
        self.asked = asked
        self.measure = OVERLAP if problem.judgements is None else JUDGED_BY
        self._all_known = self._completer(searched)
        self._drawn_known = self._all_known
        if not problem.random.all():
            drawn = replace(searched, known=_drawn(searched.known))
            self._drawn_known = self._completer(drawn)

    def _completer(self, searched: Searched) -> Completer:
        return Completer(
            searched.candidates, searched.known, self.settings.seed, self.problem.judgements
        )

    @classmethod
    def of(cls, upgrade: Upgrade, asked: Asked, settings: Settings) -> Forecaster:
        """Choose queries and known items, fit maps, and search the gallery once."""
        problem = problem_of(upgrade, asked.rows, settings)
        return cls(problem, search(problem, settings), asked, settings)

    def ask(self, budget: int) -> Asked:
        """Which items to embed next, with those that were asked for before."""
        problem = self.problem
        more = ask(
            self.searched.candidates, problem.queries, problem.rows, budget, self.settings.seed
        )
        return Asked(
            np.union1d(self.asked.rows, more.rows), np.union1d(self.asked.queries, more.queries)
        )

    def summary(self, position: Int64s, only: str | None = None) -> Summary:
        """Simulate one order of backfilling, by all methods or one."""
        problem, searched = self.problem, self.searched

        def simulated(completer: Completer) -> Simulated:
            return simulate(problem, searched, completer, position, self.settings, only)

        plain = simulated(self._drawn_known)
        better = None if problem.random.all() else simulated(self._all_known)
        of_asked = np.isin(problem.queries, self.asked.queries)
        if not np.isin(self.asked.rows, problem.rows).all():
            of_asked[:] = False  # which queries' items are all there is not known
        return Summary(
            plain, better, of_asked, problem.weights, self.settings.confidence,
            1 - len(problem.rows) / problem.size,
        )  # fmt: skip

    def forecast(
        self,
        upgrade: Upgrade,
        folder: str,
        rate: float | None,
        price: float | None,
    ) -> Forecast:
        """Make the forecast; see :func:`forecast`."""
        problem, settings, measure = self.problem, self.settings, self.measure
        fractions = settings.fractions
        at_random = position_of(random(problem.size, settings.seed))
        summary = self.summary(at_random)
        methods = [
            summary.of_method(name, METHODS[name].title, measure, fractions)
            for name in summary.plain.methods
        ]
        names = list(summary.plain.old)
        old = {n: summary.level(lambda of, n=n: of.old[n], n) for n in names}  # type: ignore[misc]
        new = {n: summary.level(lambda of, n=n: of.new[n], n) for n in names}  # type: ignore[misc]
        better = None
        if problem.judgements is not None:
            better = summary.value(lambda of: of.new[measure] - of.old[measure])
            if better.low > 0:
                span = new[measure].value - old[measure].value
                for method in methods:
                    method.gain = 100 * (method.area[measure].value - old[measure].value) / span
        methods.sort(key=lambda method: (not method.eligible, -method.area[measure].value))
        best = recommended(methods, measure).name
        orders = self._orders(best, summary)
        on_demand = cascade(
            problem, self.searched, best, self._all_known, at_random, measure, settings
        )
        known = len(problem.rows) + len(problem.stand_ins)
        return Forecast(
            folder=printable(folder),
            size=problem.size,
            widths=(problem.queries_old.shape[1], problem.queries_new.shape[1]),
            drawn=int(problem.random.sum()) + len(problem.stand_ins),
            asked=int((~problem.random).sum()),
            queries=len(problem.queries),
            stand_ins=bool(len(problem.stand_ins)),
            judged=problem.judgements is not None,
            measure=measure,
            confidence=settings.confidence,
            fractions=list(fractions),
            here=known / problem.size,
            old=old,
            new=new,
            better=better,
            methods=methods,
            cascade=on_demand,
            orders=orders,
            cosine=self.searched.fitted.cosine,
            half_cosine=self._half_cosine(),
            mix=self.searched.fitted.systems.mix,
            cost=cost(
                problem.size - known, problem.size, problem.queries_new.shape[1], rate, price
            ),
            shown=self._shown(next(self._all_known.completions(1, at_random)), upgrade),
            notes=[*map(printable, upgrade.notes), *_caveats(problem)],
            decision=decide(
                methods, orders, on_demand, better, measure, fractions, old[measure]
            ),
        )  # fmt: skip

    def _orders(self, method: str, at_random: Summary) -> dict[str, Value]:
        """The area of a method with each order, by the measure that decides."""
        problem, settings, measure = self.problem, self.settings, self.measure

        def value(summary: Summary) -> Value:
            def mean(of: Simulated) -> Float64s:
                return area(of.methods[method][measure], settings.fractions)

            return summary.level(mean, measure)

        found = {"random": value(at_random)}
        if hubs_affordable(problem.size):
            order = hubs(problem.old, settings.seed)
            found["hubs"] = value(self.summary(position_of(order), method))
        if near_known_affordable(problem.size, len(problem.rows)):
            near = near_known(problem.old, problem.rows, problem.known_old)
            found["dense"] = value(self.summary(position_of(dense(near, settings.seed)), method))
        if problem.weights is not None:
            # A log is known before the backfill; so is what the old system finds for it.
            nearest = _nearest(self.searched, 10)
            order = asked_most(nearest, problem.weights, problem.size, settings.seed)
            found["demand"] = value(self.summary(position_of(order), method))
        return found

    def _shown(self, completed: Completed, upgrade: Upgrade) -> list[Shown]:
        """Queries whose results change most."""
        known, _ = self.searched.known.at(self.searched.candidates.items)
        items = upgrade.ids if upgrade.texts is None else upgrade.texts
        asking = upgrade.query_ids if upgrade.query_texts is None else upgrade.query_texts
        if len(self.problem.stand_ins):
            asking = items
        queries = [str(asking[int(query)]) for query in self.problem.queries]
        old, new = of_old(completed), of_new(completed)
        return changed_most(completed, old, new, known, queries, items)

    def _half_cosine(self) -> float:
        """Mean cosine of held-out pairs after the best map, fitted on half as many items."""
        problem = self.problem
        half = np.random.default_rng([self.settings.seed, 7]).permutation(len(problem.rows))
        used, judged = np.array_split(half, 2)
        best = fit(problem.known_old[used], problem.known_new[used],
                   self.searched.fitted.systems.best, seed=self.settings.seed)  # fmt: skip
        mapped = best.apply(problem.known_old[judged])
        return float((mapped * problem.known_new[judged]).sum(axis=1).mean())


def _caveats(problem: Problem) -> list[str]:
    """What makes a forecast worth little, in sentences."""
    queries = len(problem.queries)
    if queries == 1:
        return ["One query says nothing of others: the intervals are about this query alone."]
    if queries < _FEW_QUERIES:
        return [f"{queries} queries are few: the intervals are wide, and not quite reliable."]
    return []


def _drawn(known: Known) -> Known:
    """Only the items that were drawn at random."""
    kept = known.random
    return Known(known.rows[kept], kept[kept], known.scores[:, :, kept], known.new[:, kept])


def _nearest(searched: Searched, k: int) -> Int64s:
    """(Q, k) gallery rows that the old system finds for each query."""
    items, scores = searched.candidates.items, searched.candidates.scores[0]
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(items, best, axis=1)
