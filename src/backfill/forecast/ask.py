"""Which items to embed next, so that the forecast becomes surer: the nearest of some queries."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from backfill.arrays import Int64s
from backfill.artifacts import load_object, replacing
from backfill.errors import InputError
from backfill.forecast.candidates import Candidates

NEAREST = 20  # of each query by each channel
FILE = "asked.json"


class Asked(NamedTuple):
    """What was asked for.

    Attributes:
        rows: gallery rows, ascending.
        queries: rows of the queries whose nearest items they are, ascending.
    """

    rows: Int64s
    queries: Int64s


NOTHING = Asked(np.empty(0, np.int64), np.empty(0, np.int64))


def ask(candidates: Candidates, queries: Int64s, known: Int64s, budget: int, seed: int) -> Asked:
    """Choose items: query after query, in random order, the nearest by each channel.

    Args:
        candidates: of the queries.
        queries: (Q,) their rows.
        known: gallery rows that are embedded anew already.
        budget: how many items may be asked for.
        seed: of the order of the queries.

    Returns:
        At most so many items, and the queries whose nearest items are all known with them.
    """
    rows: set[int] = set()
    done: list[int] = []
    there = set(known.tolist())
    for query in np.random.default_rng([seed, 20]).permutation(len(queries)).tolist():
        wanted = nearest(candidates, query) - there - rows
        if len(rows) + len(wanted) > budget:
            break
        rows |= wanted
        done.append(int(queries[query]))
    return Asked(np.array(sorted(rows), np.int64), np.array(sorted(done), np.int64))


def nearest(candidates: Candidates, query: int) -> set[int]:
    """Gallery rows of a query's nearest items by each channel."""
    items = candidates.items[query]
    found: set[int] = set()
    for scores in candidates.scores[:, query]:
        count = min(NEAREST, int((items >= 0).sum()))
        best = np.argpartition(-scores, count - 1)[:count]
        found |= set(items[best].tolist())
    return found - {-1}


def save(asked: Asked, folder: Path) -> Path:
    """Write asked.json, and asked.txt with a row number in each line; return the latter."""
    with replacing(folder / FILE) as temporary:
        temporary.write_text(json.dumps({n: v.tolist() for n, v in asked._asdict().items()}))
    listed = folder / "asked.txt"
    with replacing(listed) as temporary:
        temporary.write_text("".join(f"{row}\n" for row in asked.rows))
    return listed


def load(folder: Path, size: int) -> Asked:
    """Read what was asked for; nothing if there is no such file.

    Raises:
        InputError: the file is damaged, or names other rows than the gallery's.
    """
    path = folder / FILE
    if not os.path.lexists(path):
        return NOTHING
    stored = load_object(path, "what `backfill forecast --ask` writes")
    listed = [stored.get(name) for name in Asked._fields]
    if not all(isinstance(of, list) and all(type(row) is int for row in of) for of in listed):
        raise InputError(f"{path}: expected what `backfill forecast --ask` writes")
    try:
        rows, queries = (np.array(of, np.int64) for of in listed)
    except OverflowError as error:
        raise InputError(f"{path}: expected gallery rows from 0 to {size - 1}") from error
    if ((rows < 0) | (rows >= size)).any():
        raise InputError(f"{path}: expected gallery rows from 0 to {size - 1}, got others")
    return Asked(rows, queries)
