"""Items that get no vector are set aside, in the migration's state, and the rest goes on.

An item is set aside with its content: once that changes, it waits as any other. `backfill resume`
tries all of them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backfill.live.base import Database
from backfill.live.embedders import Unavailable
from backfill.live.states import change
from backfill.live.terms import Id, Item, State

NO_CONTENT = "no content"
_MOST, _FEW, _SHARE = 500, 10, 0.01
_BYTES = 40_000  # of all in the state, which a database may store as a string
_PRINT = 16  # digits of a fingerprint, which tell an item's contents apart
_REASON = 160  # characters

Aside = dict[str, list[Id]]  # why -> keys


def most(items: int) -> int:
    """How many items of a gallery may be set aside: 1%, at least 10, at most 500."""
    return max(_FEW, min(_MOST, int(_SHARE * items)))


def known(state: State) -> set[tuple[Id, str]]:
    """What :func:`mark` gives for items that are set aside."""
    return {(key, print_) for items in state.aside.values() for key, print_ in items}


def mark(item: Item) -> tuple[Id, str]:
    """An item with its content."""
    return item.id, item.fingerprint[:_PRINT]


def put(database: Database, refused: Sequence[tuple[Item, str]], limit: int) -> None:
    """Set items aside.

    Args:
        database: that holds the state.
        refused: items, and why each got no vector.
        limit: most items that may be set aside, with those that are.

    Raises:
        Unavailable: there are more; as many as may be are set aside.
    """
    left_over = 0

    def added(state: State) -> State | None:
        nonlocal left_over
        if state.phase == "absent":  # rolled back meanwhile
            return None
        again = {item.id for item, _ in refused}
        kept = [(why, each) for why, items in state.aside.items() for each in items]
        kept = [(why, (key, print_)) for why, (key, print_) in kept if key not in again]
        kept += [(why[:_REASON], mark(item)) for item, why in refused]
        fitting = kept[: _fitting(kept, limit)]
        left_over = len(kept) - len(fitting)
        grouped: dict[str, tuple[tuple[Id, str], ...]] = {}
        for why, each in fitting:
            grouped[why] = (*grouped.get(why, ()), each)
        return state.model_copy(update={"aside": grouped})

    change(database, added)
    if left_over:
        raise Unavailable(
            f"items that get no vector: expected at most {limit:,}, got more, the latest for: "
            f"{refused[-1][1][:_REASON]}; `backfill status` names those that are set aside"
        )


def waiting_aside(database: Database, state: State) -> Aside:
    """Which of the items that are set aside are there and still wait, with the same content."""
    keys = [key for items in state.aside.values() for key, _ in items]
    if not keys:
        return {}
    with database.claim_ids(keys) as batch:
        there = {mark(item) for item in batch.items}
    found = {why: [key for key, _ in sorted(there & set(items), key=str)]
             for why, items in state.aside.items()}  # fmt: skip
    return {why: keys for why, keys in found.items() if keys}


def count(aside: Aside) -> int:
    """How many items."""
    return sum(map(len, aside.values()))


def sentences(aside: Aside, shown: int = 10) -> list[str]:
    """One for each reason, with the first keys."""
    return [
        f"{len(keys):,} item{'s' if len(keys) > 1 else ''}: {why} ({_named(keys, shown)})"
        for why, keys in aside.items()
    ]


def _named(keys: Sequence[Id], shown: int) -> str:
    names = ", ".join(str(key) for key in keys[:shown])
    more = len(keys) - shown
    return f"{names} and {more:,} more" if more > 0 else names


def _fitting(kept: Iterable[tuple[str, tuple[Id, str]]], limit: int) -> int:
    """How many of these may be kept."""
    size, number, reasons = 0, 0, set[str]()
    for why, (key, _) in kept:
        size += len(str(key).encode()) + _PRINT + 10
        size += 0 if why in reasons else len(why.encode()) + 10
        reasons.add(why)
        if number == limit or size > _BYTES:
            break
        number += 1
    return number
