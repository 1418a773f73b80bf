"""Changes of a migration's state, which workers and searches in other processes go by."""

from __future__ import annotations

from collections.abc import Callable

from backfill.errors import InputError
from backfill.live.base import Database
from backfill.live.terms import State

_TRIES = 100


def change(database: Database, changed: Callable[[State], State | None]) -> State:
    """Change the state, however many others do at the same time.

    Args:
        database: that holds it.
        changed: the new state for the current one; None leaves it. Called again whenever somebody
            else was faster.

    Returns:
        The state that is now current.

    Raises:
        InputError: others were faster a hundred times.
    """
    for _ in range(_TRIES):
        state, version = database.state()
        wanted = changed(state)
        if wanted is None or wanted == state:
            return state
        if database.swap(wanted, version):
            return wanted
    raise InputError(
        f"state: expected to change it within {_TRIES} tries, others changed it each time"
    )


def require_started(state: State, name: str) -> None:
    """Require a migration that was started.

    Raises:
        InputError: it was not, or was rolled back.
    """
    if state.phase == "absent":
        raise InputError(f"{name}: expected a migration that was started, got none in the database")


def pause(database: Database, reason: str) -> State:
    """Pause a running migration; others stay as they are."""

    def paused(state: State) -> State | None:
        if state.phase != "running":
            return None
        return state.model_copy(update={"phase": "paused", "reason": reason})

    return change(database, paused)
