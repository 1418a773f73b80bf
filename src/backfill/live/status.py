"""Where a migration is: counted from the data, probed, and beside its forecast."""

from __future__ import annotations

import time

import numpy as np
from pydantic import BaseModel

from backfill.forecast.outcome import Forecast, Value
from backfill.live import history
from backfill.live.aside import Aside, count, waiting_aside
from backfill.live.base import Database
from backfill.live.history import Moment
from backfill.live.opened import Opened
from backfill.live.probing import Probe, probe, queries_of
from backfill.live.router import Router
from backfill.live.shown import Listed, Probed
from backfill.live.starting import forecast_of
from backfill.live.terms import Counts, State

_LOOK_AGAIN = 2.0  # seconds, for a rate


class Status(BaseModel):
    """What `backfill status` says.

    Attributes:
        name: of the migration.
        state: what workers and searches agree on.
        counts: from the data.
        aside: items that wait and get no vector: why, and their keys.
        fraction: of the items that is done.
        rate: items per second; None where it is not known.
        seconds_left: at that rate.
        measure: of the forecast's curve.
        expected: by the forecast, at this fraction; None without a forecast.
        probe: recall and times of searches; None where no queries are known.
    """

    name: str
    state: State
    counts: Listed
    aside: Aside = {}
    fraction: float
    rate: float | None = None
    seconds_left: float | None = None
    measure: str | None = None
    expected: Value | None = None
    probe: Probed = None


def status(opened: Opened, *, searches: bool = True) -> Status:
    """Look at a migration.

    Args:
        opened: the migration.
        searches: whether queries are asked, to measure recall and times.

    Raises:
        InputError: the database does not answer.
    """
    database, home = opened.database, opened.migration.home
    state = database.state().state
    counts = _before(database) if state.phase == "absent" else database.counts()
    probed = None
    queries = queries_of(opened) if searches and state.phase != "absent" else None
    if queries is not None:
        probed = probe(Router(opened), queries)
    moment = _moment(counts, probed)
    seen = [*history.read(home), moment]
    if state.phase == "running" and counts.waiting and len(seen) == 1:
        time.sleep(_LOOK_AGAIN)
        counts = database.counts()
        seen.append(_moment(counts, probed))
    if state.phase != "absent":
        history.append(home, seen[-1])
    left = waiting_aside(database, state)
    works = state.phase == "running" and counts.waiting > count(left)
    rate = history.rate(seen) if works else None
    forecast, fraction = forecast_of(opened.migration), done_share(counts)
    return Status(
        name=opened.migration.name,
        state=state,
        counts=counts,
        aside=left,
        fraction=fraction,
        rate=rate,
        seconds_left=counts.waiting / rate if rate else None,
        measure=None if forecast is None else forecast.measure,
        expected=None if forecast is None else expected(forecast, fraction),
        probe=probed,
    )


def done_share(counts: Counts) -> float:
    """Share of the items that is done; 1 of an empty gallery."""
    return counts.done / counts.items if counts.items else 1.0


def expected(forecast: Forecast, fraction: float, method: str | None = None) -> Value:
    """What a forecast's curve says at a fraction, linearly between its points.

    Args:
        forecast: with curves.
        fraction: of the gallery that is done.
        method: whose curve; None: the recommended one's.
    """
    curve = forecast.method(method or forecast.decision.method).curves[forecast.measure]
    return Value(
        **{
            name: float(
                np.interp(fraction, forecast.fractions, [getattr(value, name) for value in curve])
            )
            for name in Value.model_fields
        }
    )


def _before(database: Database) -> Counts:
    """What there is before a migration is started."""
    return Counts(database.facts(None).items, done=0, stale=0, orphans=0)


def _moment(counts: Counts, probed: Probe | None) -> Moment:
    found = {} if probed is None else {n: getattr(probed, n) for n in ("recall", "p50", "p95")}
    return Moment(at=time.time(), done=counts.done, items=counts.items, **found)
