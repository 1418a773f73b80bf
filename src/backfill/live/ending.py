"""How a migration ends: finished, or rolled back."""

from __future__ import annotations

import shutil

from backfill.errors import InputError
from backfill.live import aside
from backfill.live.history import FILE
from backfill.live.opened import METHOD, Opened
from backfill.live.pairs import PAIRS
from backfill.live.states import change, require_started
from backfill.live.terms import State


def finish(opened: Opened, *, keep_old: bool, without: int = 0) -> str:
    """Search new vectors alone from now on.

    Args:
        opened: the migration.
        keep_old: whether the old vectors stay, so that it can still be rolled back.
        without: most items that may be left without a new vector, of those that are set aside.

    Returns:
        What the application must now search.

    Raises:
        InputError: something waits, or nothing was started.
    """
    database = opened.database
    state = database.state().state
    require_started(state, opened.migration.name)
    database.reconcile()
    waiting = database.counts().waiting
    if waiting and not (state.phase == "finished" and state.keeps_old):
        left = aside.count(aside.waiting_aside(database, state))
        if waiting > left or left > without:
            raise InputError(f"{opened.migration.name}: {_expected(waiting, left)}")

    def finished(state: State) -> State:
        kept = keep_old and state.keeps_old
        return state.model_copy(update={"phase": "finished", "reason": "", "keeps_old": kept})

    # First the state: whoever dies in between has not yet given anything up.
    kept = change(database, finished).keeps_old
    return database.finish(keep_old=kept)


def _expected(waiting: int, left: int) -> str:
    wanted = f"expected a gallery in which everything is done, got {waiting:,} items that wait"
    if not left:
        return f"{wanted}; `backfill resume` embeds them"
    if left < waiting:
        return f"{wanted}, {left:,} of them set aside; `backfill resume` tries all of them"
    return (
        f"{wanted}, all set aside as they get no vector: `backfill status` says why, "
        f"`backfill resume` tries them again, and `--without {left}` leaves them out of searches"
    )


def roll_back(opened: Opened) -> None:
    """Remove all that the migration has added; the old system answers as before.

    Raises:
        InputError: the old vectors were given up.
    """
    database = opened.database
    state = database.state().state
    if state.phase == "finished" and not state.keeps_old:
        raise InputError(
            f"{opened.migration.name}: expected old vectors to go back to, but the migration was "
            "finished without --keep-old, which removed them"
        )
    database.rollback()
    for name in (METHOD, PAIRS):
        shutil.rmtree(opened.migration.home / name, ignore_errors=True)
    (opened.migration.home / FILE).unlink(missing_ok=True)
