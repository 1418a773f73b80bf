"""How a migration starts: a method is fitted, the database prepared, known vectors written."""

from __future__ import annotations

import sys
import time

import numpy as np
from pydantic import ValidationError

from backfill import vectors
from backfill.errors import InputError
from backfill.forecast.methods import FALL_BACK
from backfill.forecast.outcome import Forecast
from backfill.live import pairs, stored
from backfill.live.fitting import fit_serving
from backfill.live.opened import METHOD, Opened, serving_of
from backfill.live.serving import Serving
from backfill.live.settings import AUTO, Migration
from backfill.live.states import change
from backfill.live.terms import Id, Setup, State
from backfill.reading.files import read_text

FORECAST = "forecast.json"
_WITHOUT_FORECAST = "mix"
_MOST_BYTES = 50_000_000


def start(opened: Opened, seed: int = 0) -> Serving:
    """Start a migration, or go on with the one that was started.

    Nothing of the user's is changed; what waits is served from now on by the fitted method.

    Args:
        opened: the migration.
        seed: of the sample.

    Returns:
        The method.

    Raises:
        InputError: the database lacks something, it holds a migration of another model, or the
            sample cannot be embedded.
    """
    migration, database = opened.migration, opened.database
    state = database.state().state
    if state.phase == "finished":
        raise InputError(
            f"{migration.file}: expected a migration that goes on, got one that is finished; "
            "roll it back, or choose another name"
        )
    facts = database.facts(None)
    if facts.missing:
        raise InputError(f"{migration.file}: the database lacks: {' '.join(facts.missing)}")
    if state.phase != "absent":
        if state.model != opened.new.identity:
            raise InputError(
                f"{migration.file}: new: expected the model that the migration was started with, "
                f"{state.model}, got {opened.new.identity}"
            )
        serving = serving_of(migration, state)
    else:
        serving = _fitted(opened, seed)
    database.prepare(
        Setup(
            model=opened.new.identity,
            width=opened.new.width,
            carried=serving.carried,
            order=migration.order,
            first=_first(migration),
        )
    )
    digest = stored.digest(migration.home / METHOD)

    def running(state: State) -> State:
        begun = state.model_copy(update={"phase": "running", "reason": "", "aside": {}})
        if state.phase != "absent":
            return begun
        return State(
            phase="running",
            model=opened.new.identity,
            width=opened.new.width,
            method=digest,
            carried=serving.carried,
            started=time.time(),
        )

    change(database, running)
    return serving


def write_known(opened: Opened) -> int:
    """Write the new vectors of the sample, which are paid for already.

    Returns:
        How many were written. A batch in which content has changed since is left to workers.
    """
    folder = opened.migration.home / pairs.PAIRS
    if not folder.is_dir():
        return 0
    known = pairs.described(folder)
    if known.model != opened.new.identity:
        return 0
    new = vectors.read(folder).new
    row = {key: number for number, key in enumerate(known.fingerprints)}
    written = 0
    for ids in pairs.chunks([*known.fingerprints], opened.migration.batch):
        with opened.database.claim_ids(ids) as batch:
            same = all(known.fingerprints[item.id] == item.fingerprint for item in batch.items)
            if batch.items and same:
                rows = np.array([row[item.id] for item in batch.items])
                written += batch.write(np.asarray(new[rows], np.float32))
    return written


def forecast_of(migration: Migration) -> Forecast | None:
    """The forecast that the file names; None if it names none, or a method besides a sample.

    Raises:
        InputError: a method is to be taken from it and it is not there, or another version's.
    """
    if migration.forecast is None:
        return None
    path = migration.beside(migration.forecast) / FORECAST
    if not path.exists():
        if migration.method != AUTO:
            return None
        raise InputError(
            f"{path}: expected a forecast, got none; `backfill forecast {path.parent}` makes it"
        )
    try:
        return Forecast.model_validate_json(read_text(path, "a forecast", _MOST_BYTES))
    except ValidationError as error:
        raise InputError(
            f"{path}: expected what `backfill forecast` writes, got something else"
        ) from error


def _fitted(opened: Opened, seed: int) -> Serving:
    """Choose the method, fit it on the forecast's folder or on a sample, and store it."""
    migration = opened.migration
    forecast = forecast_of(migration)
    name = migration.method
    if migration.forecast is not None:
        folder = migration.beside(migration.forecast)
        name = forecast.decision.method if forecast is not None and name == AUTO else name
    else:
        folder = pairs.draw(opened, seed)
        wanted = _WITHOUT_FORECAST if opened.database.carries else FALL_BACK
        name = wanted if name == AUTO else name
    print(f"{migration.name}: fitting how waiting items are served", file=sys.stderr)
    serving = fit_serving(name, vectors.read(folder))
    if serving.carried is not None and not opened.database.carries:
        raise InputError(
            f"{migration.file}: method: expected one that searches old vectors as they are, since "
            f"{migration.database.kind} cannot carry them forward: {FALL_BACK} or slerp, got {name}"
        )
    stored.save(serving, migration.home / METHOD)
    return serving


def _first(migration: Migration) -> list[Id]:
    """The ids that the file wants first."""
    if migration.first is None:
        return []
    text = read_text(migration.beside(migration.first), "ids, one per line", _MOST_BYTES)
    return [line.strip() for line in text.splitlines() if line.strip()]
