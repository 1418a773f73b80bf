"""Ways of upgrading without labels, as systems, and what is measured of them, for benchmarks."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from backfill.align import Mix, fit, slerp
from backfill.arrays import Float32s, Float64s, Int64s, System
from backfill.forecast.orders import position_of
from backfill.forecast.simulation import merged
from backfill.forecast.systems import FOLDS, HALF_WAY, Fitted
from backfill.measures import of_queries
from backfill.retrieval import backfill_curve
from backfill.retrieval.merge.background_nearest import nearest_twentieth
from backfill.retrieval.merge.base import Calibration
from text_sets import Drawn

FRACTIONS = np.linspace(0, 1, 11)
CALIBRATED = " + background_nearest"
FUSED = "reciprocal rank fusion"
K = 10


class Row(NamedTuple):
    """A way of ranking the items that wait.

    Attributes:
        name: of it.
        before: ranks waiting items.
        merge: a name in `MERGES`.
        given: known items by both systems that calibrate, by maps that were fitted without them.
    """

    name: str
    before: System
    merge: str = "distance"
    given: tuple[Float32s, Float32s] | None = None


class Measured(NamedTuple):
    """Measures of Q queries along 11 fractions.

    Attributes:
        precision: (Q, 11) average precision of the whole ranking.
        overlap: (Q, 11) share of the new system's first 10 among the first 10; NaN: not measured.
        first: (Q,) precision at 10 with nothing backfilled; NaN: not measured.
    """

    precision: Float64s
    overlap: Float64s
    first: Float64s


def rows(drawn: Drawn, fitted: Fitted) -> Iterator[Row]:
    """All of them but the cascade.

    Args:
        drawn: the vectors.
        fitted: maps and weights, of which the forecast knows too.
    """
    old, new, known = drawn.old, drawn.new, drawn.known
    yield from _plain_and_calibrated("rm_naive", old, (old.gallery[known], new.gallery[known]))
    yield Row(FUSED, old, "reciprocal_rank")
    mapped = {name: of.apply(old.gallery) for name, of in fitted.maps.items()}
    for name, gallery in mapped.items():
        given = fitted.mapped[name], new.gallery[known]
        yield from _plain_and_calibrated(name, System(new.query, gallery), given)
    mix, best = Mix(fitted.systems.mix), fitted.systems.best
    joined = System(mix.join(old.query, new.query), mix.join(old.gallery, mapped[best]))
    sides = mix.join(old.gallery[known], fitted.mapped[best]), new.gallery[known]
    yield _calibrated("mix", joined, sides)
    yield _slerp(drawn)


def _slerp(drawn: Drawn) -> Row:
    """New queries are carried back by a map that was not fitted on the pairs that calibrate."""
    old, new, known = drawn.old, drawn.new, drawn.known
    pairs, judges = drawn.pairs, known
    if pairs is None:
        fold = np.random.default_rng(1).permutation(len(known)) % FOLDS
        judges, others = known[fold == 0], known[fold != 0]
        pairs = old.gallery[others], new.gallery[others]
    carried = fit(pairs[1], pairs[0]).apply(new.query)
    before = System(slerp(old.query, carried, HALF_WAY), old.gallery)
    return _calibrated("slerp", before, (old.gallery[judges], new.gallery[judges]))


def _calibrated(name: str, before: System, given: tuple[Float32s, Float32s]) -> Row:
    return Row(name + CALIBRATED, before, "background_nearest", given)


def _plain_and_calibrated(
    name: str, before: System, given: tuple[Float32s, Float32s]
) -> Iterator[Row]:
    yield Row(name, before)
    yield _calibrated(name, before, given)


def along(row: Row, drawn: Drawn, order: Int64s) -> Measured:
    """Measure a way of upgrading along an order."""
    after = drawn.new
    count = 1 if row.given is None else len(row.given[0])
    calibration = Calibration(background=count, given=row.given)
    curve = backfill_curve(
        row.before, after, order, drawn.relevance, FRACTIONS,
        merge=row.merge, calibration=calibration,
    )  # fmt: skip
    if row.merge == "reciprocal_rank":
        nothing = np.full(len(after.query), np.nan)
        return Measured(
            curve.average_precision, np.full(curve.average_precision.shape, np.nan), nothing
        )
    scores = [system.query @ system.gallery.T for system in (row.before, after)]
    wanted = merged(scores[1], scores[1], np.zeros_like(scores[1]), 1, K)
    if row.given is not None:
        for side, system in enumerate((row.before, after)):
            origin, unit = nearest_twentieth((system.query @ row.given[side].T).astype(np.float64))
            scaled = (scores[side] - origin[:, None]) / unit[:, None]
            scores[side] = scaled.astype(np.float32)
    place = (position_of(order) / len(order)).astype(np.float32)
    switches: Float32s = np.ascontiguousarray(np.broadcast_to(place, scores[0].shape))
    found = [merged(scores[0], scores[1], switches, each, K) for each in FRACTIONS.tolist()]
    overlap = [(wanted[:, :, None] == each[:, None, :]).any(axis=2).mean(axis=1) for each in found]
    name = f"precision@{K}"
    first = of_queries([name], found[0].astype(np.int64), drawn.judgements)[name]
    return Measured(curve.average_precision, np.stack(overlap, axis=1), first)


def references(naive: Measured, drawn: Drawn) -> tuple[Measured, Measured]:
    """The old and the new system, as curves that are level, from the curve between them."""
    new = drawn.new.query @ drawn.new.gallery.T
    ranked = np.argsort(-new, axis=1, kind="stable")[:, :K]
    name = f"precision@{K}"
    first = naive.first, of_queries([name], ranked, drawn.judgements)[name]
    level = [
        np.repeat(of[:, [column]], len(FRACTIONS), axis=1)
        for column in (0, -1)
        for of in (naive.precision, naive.overlap)
    ]
    return Measured(level[0], level[1], first[0]), Measured(level[2], level[3], first[1])


def cascade(drawn: Drawn, k: int) -> Measured:
    """Measure the old system whose first k items are ranked anew by new vectors.

    Args:
        drawn: the vectors.
        k: how many items.

    Returns:
        With nothing backfilled; NaN at the other fractions.
    """
    old = drawn.old.query @ drawn.old.gallery.T
    new = drawn.new.query @ drawn.new.gallery.T
    ranked = np.argsort(-old, axis=1, kind="stable")
    first = ranked[:, :k]
    by_new = np.argsort(-np.take_along_axis(new, first, axis=1), axis=1, kind="stable")
    ranked[:, :k] = np.take_along_axis(first, by_new, axis=1)
    wanted = np.argsort(-new, axis=1, kind="stable")[:, :K]
    found = of_queries(["AP", f"precision@{K}"], ranked, drawn.judgements)
    precision, overlap = np.full((2, len(ranked), len(FRACTIONS)), np.nan)
    precision[:, 0] = found["AP"]
    overlap[:, 0] = (wanted[:, :, None] == ranked[:, None, :K]).any(axis=2).mean(axis=1)
    return Measured(precision, overlap, found[f"precision@{K}"])
