"""All rows of a file, looked at once: which cannot be used, and which are there twice."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backfill.arrays import Floats, Int64s
from backfill.vectors import faults
from backfill.vectors.formats.registry import blocks_of
from backfill.vectors.progress import row_bar
from backfill.vectors.reading import Reading, remembered

Hashes = NDArray[np.uint64]
_SEED = 0x5EED


class Scan(NamedTuple):
    """What is known of an array's rows.

    Attributes:
        not_finite: rows with NaN or infinity.
        zero: rows that are zero.
        hashes: (N,) of each row's float32 numbers: equal rows have equal ones, and others as good
            as never.
    """

    not_finite: Int64s
    zero: Int64s
    hashes: Hashes


@remembered
def scan(reading: Reading, name: str) -> Scan | None:
    """Read every row of some vectors, block by block; None if the folder has none.

    Raises:
        InputError: the file is damaged.
    """
    array = reading.vectors(name)
    if array is None:
        return None
    bad: dict[str, list[Int64s]] = {"not_finite": [], "zero": []}
    hashes, start = np.empty(len(array), np.uint64), 0
    with row_bar(len(array), f"read {reading.name(name)}") as bar:
        for block in blocks_of(array):
            for key, wrong in (("not_finite", faults.not_finite), ("zero", faults.zero)):
                bad[key].append(start + np.flatnonzero(wrong(block)))
            hashes[start : start + len(block)] = hashed(block)
            start += len(block)
            bar.update(len(block))
    return Scan(np.concatenate(bad["not_finite"]), np.concatenate(bad["zero"]), hashes)


def hashed(block: Floats) -> Hashes:
    """(n,) hash of each row of (n, D), the same in every float type that holds its numbers.

    Two numbers at a time are multiplied by fixed random odd ones and added up modulo 2^64.
    Source: Carter and Wegman, "Universal Classes of Hash Functions", 1979.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        words = np.ascontiguousarray(block, np.float32) + np.float32(0)  # -0 becomes 0
    if words.shape[1] % 2:
        words = np.pad(words, ((0, 0), (0, 1)))
    mixed = words.view(np.uint64)
    mixed ^= mixed >> np.uint64(13)  # numbers of few digits differ in high bits alone
    return np.asarray(mixed @ _odd(mixed.shape[1]))


@cache
def _odd(count: int) -> Hashes:
    numbers = np.random.default_rng(_SEED).integers(0, 2**63, count, np.uint64)
    return np.asarray(numbers * np.uint64(2) + np.uint64(1))


def repeats(array: Any, hashes: Hashes, shown: int = 3) -> tuple[int, list[tuple[int, int]]]:
    """Find rows that are there before.

    Args:
        array: (N, D).
        hashes: of its rows.
        shown: how many to give.

    Returns:
        How many there are by their hashes, and the first, compared in full: (row, the earlier row).
    """
    order = np.argsort(hashes, kind="stable")
    starts = np.concatenate([[True], np.diff(hashes[order]) != 0])
    first_of = order[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    rows, earlier = order[~starts], first_of[~starts]
    by_row = np.argsort(rows, kind="stable")[:shown]
    found = [(int(rows[i]), int(earlier[i])) for i in by_row]
    same = [(a, b) for a, b in found if np.array_equal(array[a], array[b], equal_nan=True)]
    return len(rows), same
