"""What people should judge, so that it is known whether the new model is better."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from backfill.arrays import Int64s
from backfill.errors import InputError
from backfill.forecast.candidates import including
from backfill.forecast.curves import Completed, Merge, of_old
from backfill.forecast.methods import FALL_BACK, METHODS
from backfill.forecast.outcome import Forecast
from backfill.forecast.problem import problem_of
from backfill.forecast.settings import Settings
from backfill.forecast.simulated import Searched, search
from backfill.judgements import pooled, write_page
from backfill.reading.files import read_text
from backfill.vectors import Upgrade

FIRST = 10  # results of each system that are judged
_CANDIDATES = 200
_BYTES = 1 << 26  # of a forecast
ANSWERS = "qrels.tsv"  # as a folder of vectors has them


class Pool(NamedTuple):
    """What is to be judged.

    Attributes:
        queries: (n,) rows of the queries, ascending.
        items: n arrays of gallery rows, ascending.
        expected: results of the new system that are not embedded anew, but where a map puts them.
        new: results of the new system.
    """

    queries: Int64s
    items: list[Int64s]
    expected: int
    new: int


def pool(
    upgrade: Upgrade, asked: Int64s, count: int, method: str | None = None, seed: int = 0
) -> Pool:
    """Unite the first ten results of both systems, for queries that are drawn at random.

    The old system ranks all items. The new one ranks known items by their new vectors, among all
    others as a method would place them while they wait.

    Args:
        upgrade: vectors, with queries.
        asked: gallery rows that are known because they were asked for.
        count: of queries, at most.
        method: that places waiting items; by default the map that fits best. Methods without a map
            are not asked, as they would find what the old system finds.
        seed: of the draw.

    Raises:
        InputError: there are no queries, or too few items are known.
    """
    if upgrade.queries_old is None:
        raise InputError("queries_old, queries_new: expected queries to judge results of, got none")
    settings = Settings(queries=count, candidates=_CANDIDATES, seed=seed)
    problem = problem_of(upgrade, asked, settings)
    searched = search(problem, settings)
    systems, known = searched.fitted.systems, searched.known
    nearest = np.argpartition(-known.new, min(FIRST, known.new.shape[1] - 1), axis=1)[:, :FIRST]
    candidates = including(
        searched.candidates,
        [np.sort(known.rows[row]) for row in nearest],
        searched.fitted.channels,
        problem.old,
    )
    new = known.new_of(candidates.items)
    completed = Completed(
        candidates.items, candidates.scores, new, np.where(np.isnan(new), 1, 0).astype(np.float32)
    )
    merge = Merge(_mapped(method, searched), systems, known)
    expected = next(merge.ranked(completed, [0.5], FIRST))
    waits = np.take_along_axis(np.isnan(new), np.maximum(expected, 0), axis=1) & (expected >= 0)
    items = pooled(_rows(completed, of_old(completed, FIRST)), _rows(completed, expected), FIRST)
    return Pool(problem.queries, items, int(waits.sum()), int((expected >= 0).sum()))


def recommended(folder: Path) -> str | None:
    """The method that the folder's last forecast recommends; None without one."""
    try:
        text = read_text(folder / "forecast.json", "a forecast", _BYTES)
        return Forecast.model_validate_json(text).decision.method
    except ValueError:  # an InputError too
        return None


def write(upgrade: Upgrade, found: Pool, path: Path, seed: int = 0) -> None:
    """Write the page on which the pool is judged; its answers are saved as `qrels.tsv`.

    Args:
        upgrade: with texts, or at least ids, of queries and items.
        found: what is to be judged.
        path: of the page.
        seed: of the order of results.

    Raises:
        InputError: an id has tabs or line breaks in it, or the file cannot be written.
    """
    ids, names = upgrade.ids, upgrade.query_ids
    texts, questions = upgrade.texts, upgrade.query_texts
    rows = {ids[row]: row for items in found.items for row in items.tolist()}
    queries = [(names[row], row) for row in found.queries.tolist()]
    write_page(
        path,
        {name: name if questions is None else str(questions[row]) for name, row in queries},
        {
            name: [ids[row] for row in items.tolist()]
            for (name, _), items in zip(queries, found.items, strict=True)
        },
        None if texts is None else {item: str(texts[row]) for item, row in rows.items()},
        answers=ANSWERS,
        seed=seed,
    )


def _mapped(method: str | None, searched: Searched) -> str:
    """A method that places waiting items where the new model would."""
    systems = searched.fitted.systems
    known = method is not None and method in METHODS and method not in ("old_query", FALL_BACK)
    if known and METHODS[method].waiting(systems, searched.known.scores[:, :, :1]) is not None:  # type: ignore[index]
        return str(method)
    return systems.best


def _rows(completed: Completed, columns: Int64s) -> Int64s:
    rows = np.take_along_axis(completed.items, np.maximum(columns, 0), axis=1)
    return np.where(columns < 0, -1, rows)
