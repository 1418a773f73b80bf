"""Which waiting item comes next, for databases that do not say so themselves."""

from __future__ import annotations

import hashlib
import heapq
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence, Sized
from typing import Any, Literal, TypeVar

from backfill.live.terms import Id

Claimed = TypeVar("Claimed", bound=Sized)
Part = tuple[int, int]  # (i, n): the i-th of n parts of the items


def spread(id_: Id, seed: int = 0) -> int:
    """A number that depends on nothing but an item's key and the seed, evenly spread over 64 bits.

    Keys of other types are other keys: 7 and "7" differ.
    """
    key = f"{seed}\x1f{id_!r}".encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big")


def in_part(id_: Id, part: Part) -> bool:
    """Whether an item belongs to the i-th of n parts; each item belongs to one."""
    i, n = part
    return n == 1 or spread(id_) % n == i


def ranking(
    order: Literal["random", "id"], first: Sequence[Id]
) -> Callable[[Id], tuple[int, int | str]]:
    """What to sort keys by: those that come first, in their order, then the others.

    Args:
        order: `random`, the same for everybody, or `id`.
        first: keys that come before all others.
    """
    places = {id_: place for place, id_ in enumerate(first)}
    last = len(places)

    def rank(id_: Id) -> tuple[int, int | str]:
        place = places.get(id_, last)
        return (place, 0 if place < last else id_ if order == "id" else spread(id_))

    return rank


def drawn(ids: Iterable[Id], n: int, seed: int) -> list[Id]:
    """Draw n of the keys at random, or all if there are fewer, in one pass and n keys of memory."""
    return heapq.nsmallest(n, ids, key=lambda id_: spread(id_, seed + 1))


class Queue:
    """Keys of items that were seen to wait, in order; a note that saves looking for each batch.

    Args:
        ahead: most keys that are kept.
    """

    def __init__(self, ahead: int = 10_000) -> None:
        self._ahead = ahead
        self._keys: deque[Id] = deque()
        self._about: Hashable = None

    def put_first(self, ids: Iterable[Id]) -> None:
        """Let these come before all others."""
        self._keys.extendleft(ids)

    def forget(self) -> None:
        """Look again at the next claim."""
        self._keys.clear()

    def take(
        self,
        limit: int,
        about: Hashable,
        look: Callable[[], Iterable[tuple[Any, Id]]],
        claim: Callable[[list[Id]], Claimed],
    ) -> Claimed:
        """Claim the next items that still wait; none if nothing does.

        Args:
            limit: most items.
            about: what the keys are for; those for something else are forgotten.
            look: what waits now: what to sort by, and the key.
            claim: gives those of the items that still wait.
        """
        if self._about != about:
            self.forget()
            self._about = about
        looked = False
        while True:
            if not self._keys and not looked:
                self._keys.extend(id_ for _, id_ in heapq.nsmallest(self._ahead, look()))
                looked = True
            chosen = [self._keys.popleft() for _ in range(min(limit, len(self._keys)))]
            found = claim(chosen)
            if len(found) or (looked and not self._keys):
                return found
