"""A forecast, from a user's vectors to a decision."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backfill.align import fit
from backfill.arrays import Float64s, Int64s
from backfill.forecast.ask import NOTHING, Asked, ask
from backfill.forecast.cascade import demand, reranked, waiting
from backfill.forecast.cost import cost
from backfill.forecast.curves import Completer, Merge, of_new, of_old
from backfill.forecast.decision import decide, recommended
from backfill.forecast.known import Known
from backfill.forecast.measuring import OVERLAP, measured
from backfill.forecast.methods import METHODS
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
from backfill.forecast.outcome import CascadeForecast, Forecast, Shown, Value
from backfill.forecast.problem import Problem, problem_of
from backfill.forecast.settings import Settings
from backfill.forecast.shown import changed_most
from backfill.forecast.simulated import Searched, Simulated, search, simulate
from backfill.forecast.summary import Summary, area
from backfill.vectors import Upgrade

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

    def summary(self, position: Int64s) -> Summary:
        """Simulate one order of backfilling."""
        problem, searched = self.problem, self.searched
        better = None
        if not problem.random.all():
            better = simulate(problem, searched, position, self.settings)
            searched = replace(searched, known=_drawn(searched.known))
        plain = simulate(problem, searched, position, self.settings)
        of_asked = np.isin(problem.queries, self.asked.queries)
        return Summary(plain, better, of_asked, problem.weights, self.settings.confidence)

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
        at_random = random(problem.size, settings.seed)
        summary = self.summary(position_of(at_random))
        methods = [
            summary.of_method(name, METHODS[name].title, measure, fractions)
            for name in summary.plain.methods
        ]
        names = list(summary.plain.old)
        old = {n: summary.value(lambda of, n=n: of.old[n]) for n in names}  # type: ignore[misc]
        new = {n: summary.value(lambda of, n=n: of.new[n]) for n in names}  # type: ignore[misc]
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
        cascade, shown = self._cascade(best, position_of(at_random), upgrade)
        known = len(problem.rows) + len(problem.stand_ins)
        return Forecast(
            folder=folder,
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
            cascade=cascade,
            orders=orders,
            cosine=self.searched.fitted.cosine,
            half_cosine=self._half_cosine(),
            mix=self.searched.fitted.systems.mix,
            cost=cost(
                problem.size - known, problem.size, problem.queries_new.shape[1], rate, price
            ),
            shown=shown,
            notes=list(upgrade.notes),
            decision=decide(
                methods, orders, cascade, better, measure, fractions, old[measure]
            ),
        )  # fmt: skip

    def _orders(self, method: str, at_random: Summary) -> dict[str, Value]:
        """The area of a method with each order, by the measure that decides."""
        problem, settings, measure = self.problem, self.settings, self.measure

        def value(summary: Summary) -> Value:
            def mean(of: Simulated) -> Float64s:
                return area(of.methods[method][measure], settings.fractions)

            return summary.value(mean)

        found = {"random": value(at_random)}
        if hubs_affordable(problem.size):
            order = hubs(problem.old, settings.seed)
            found["hubs"] = value(self.summary(position_of(order)))
        if near_known_affordable(problem.size, len(problem.rows)):
            near = near_known(problem.old, problem.rows, problem.known_old)
            found["dense"] = value(self.summary(position_of(dense(near, settings.seed))))
        if problem.weights is not None:
            # A log is known before the backfill; so is what the old system finds for it.
            nearest = _nearest(self.searched, 10)
            order = asked_most(nearest, problem.weights, problem.size, settings.seed)
            found["demand"] = value(self.summary(position_of(order)))
        return found

    def _cascade(
        self, base: str, position: Int64s, upgrade: Upgrade
    ) -> tuple[CascadeForecast, list[Shown]]:
        """What embedding on demand does; and queries that change most."""
        problem, settings, searched = self.problem, self.settings, self.searched
        k, fractions = settings.cascade, settings.fractions
        merge = Merge(base, searched.fitted.systems, searched.known)
        completer = Completer(searched.candidates, searched.known, position, settings.seed)
        names = list(METHODS) and (
            [OVERLAP] if self.measure == OVERLAP else [OVERLAP, self.measure]
        )
        if problem.judgements is not None:
            names.append("precision@10")
        values: list[list[dict[str, Float64s]]] = []
        embedded, late = [], []
        shown: list[Shown] = []
        for completed in completer.completions(settings.completions):
            new, of_completion, counts = of_new(completed), [], []
            for fraction, columns in zip(
                fractions, merge.ranked(completed, fractions), strict=True
            ):
                ranked = reranked(completed, columns, k)
                of_completion.append(measured(completed, ranked, new, problem.judgements, names))
                counts.append(waiting(completed, columns, fraction, k).mean())
                if fraction == 0:
                    late.append(self._late(completed.items, columns[:, :k]))
            values.append(of_completion)
            embedded.append(counts)
            if not shown:
                shown = self._shown(completed, new, upgrade)
        curves = {}
        for name in names:
            stacked = np.stack([[of[name] for of in one] for one in values]).swapaxes(0, 1)
            summary = Summary(
                Simulated({}, {}, {"cascade": {name: stacked}}), None,
                np.zeros(len(problem.queries), bool), problem.weights, settings.confidence,
            )  # fmt: skip
            curves[name] = [
                summary.value(lambda of, t=t, n=name: of.methods["cascade"][n][t])  # type: ignore[misc]
                for t in range(len(fractions))
            ]
        return CascadeForecast(
            k=k, base=base, curves=curves,
            embedded=[float(v) for v in np.mean(embedded, axis=0)],
            embedded_late=float(np.mean(late)),
        ), shown  # fmt: skip

    def _late(self, items: Int64s, columns: Int64s) -> float:
        """Embeddings per query in the last tenth of a log that asks every query once."""
        nearest = np.take_along_axis(items, np.maximum(columns, 0), axis=1)
        log = np.random.default_rng([self.settings.seed, 6]).permutation(len(nearest))
        embedded = demand(np.where(columns < 0, -1, nearest), log).embedded
        return float(embedded[-max(1, len(log) // 10) :].mean())

    def _shown(self, completed, new: Int64s, upgrade: Upgrade) -> list[Shown]:  # type: ignore[no-untyped-def]
        known, _ = self.searched.known.at(self.searched.candidates.items)
        items = upgrade.ids if upgrade.texts is None else upgrade.texts
        stand_ins = bool(len(self.problem.stand_ins))
        of_queries = upgrade.query_ids if upgrade.query_texts is None else upgrade.query_texts
        queries = [str((items if stand_ins else of_queries)[int(q)]) for q in self.problem.queries]
        return changed_most(completed, of_old(completed), new, known, queries, items)

    def _half_cosine(self) -> float:
        """Mean cosine of held-out pairs after the best map, fitted on half as many items."""
        problem = self.problem
        half = np.random.default_rng([self.settings.seed, 7]).permutation(len(problem.rows))
        used, judged = np.array_split(half, 2)
        best = fit(problem.known_old[used], problem.known_new[used],
                   self.searched.fitted.systems.best, seed=self.settings.seed)  # fmt: skip
        mapped = best.apply(problem.known_old[judged])
        return float((mapped * problem.known_new[judged]).sum(axis=1).mean())


def _drawn(known: Known) -> Known:
    """Only the items that were drawn at random."""
    kept = known.random
    return Known(known.rows[kept], kept[kept], known.scores[:, :, kept], known.new[:, kept])


def _nearest(searched: Searched, k: int) -> Int64s:
    """(Q, k) gallery rows that the old system finds for each query."""
    items, scores = searched.candidates.items, searched.candidates.scores[0]
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(items, best, axis=1)
