"""Which waiting item comes next, for databases that do not say so themselves."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from backfill.live.base import Id

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
