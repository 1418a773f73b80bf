"""Ranked lists by id: TREC run files, dictionaries and data frames."""

from __future__ import annotations

import math
import os
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Float64s, Int64s
from backfill.artifacts import replacing
from backfill.errors import InputError
from backfill.judgements.columns import column, rows
from backfill.judgements.graded import require_ids
from backfill.judgements.lines import Source, fields_of, name_of
from backfill.reading.files import reason, short


@dataclass(frozen=True, eq=False)
class Run:
    """The ranked list of each query.

    Attributes:
        items: query id -> item ids, from the first rank on.
        scores: query id -> (n,) float64 scores of these items, which do not rise.
    """

    items: Mapping[str, Sequence[str]]
    scores: Mapping[str, Float64s]

    @classmethod
    def from_scores(cls, scores: Mapping[str, Mapping[str, float]]) -> Run:
        """Rank items by score, the highest first; of equal ones, the one that is named first.

        Args:
            scores: query id -> item id -> score.

        Returns:
            The run.

        Raises:
            InputError: a score is not a number.
        """
        items, sorted_scores = {}, {}
        if not isinstance(scores, Mapping):
            raise InputError(f"run: expected query -> item -> score, got {short(scores)}")
        for query, of in scores.items():
            if not isinstance(of, Mapping):
                raise InputError(f"run[{short(query)}]: expected item -> score, got {short(of)}")
            try:
                values = np.fromiter(map(float, of.values()), np.float64, len(of))
            except (TypeError, ValueError, OverflowError) as error:
                raise InputError(
                    f"run[{short(query)}]: expected scores, got: {reason(error)}"
                ) from None
            if np.isnan(values).any():
                raise InputError(f"run[{short(query)}]: expected scores, got NaN")
            names = [str(item) for item in of]
            order = np.argsort(-values, kind="stable")
            items[str(query)] = [names[i] for i in order]
            sorted_scores[str(query)] = values[order]
        return cls(items, sorted_scores)

    @classmethod
    def from_rows(
        cls,
        ranked: ArrayLike,
        query_ids: Sequence[str],
        ids: Sequence[str],
        scores: ArrayLike | None = None,
    ) -> Run:
        """Name the items of ranked lists of gallery rows.

        Args:
            ranked: (Q, k) gallery rows; -1 ends a list.
            query_ids: of the Q queries.
            ids: of the gallery's items.
            scores: (Q, k) similarities that do not rise; by default one over the rank.

        Returns:
            The run.

        Raises:
            InputError: rows are no integers or not those of `ids`, or numbers of rows differ.
        """
        found = validate.ranked("ranked", ranked)
        values = 1 / np.arange(1, found.shape[1] + 1)
        if scores is not None:
            values = validate.reals("scores", scores, ndim=2)
        if values.ndim == 2 and values.shape != found.shape:
            expected = f"shape {found.shape} as of ranked"
            raise InputError(f"scores: expected {expected}, got shape {values.shape}")
        values = np.broadcast_to(values, found.shape).astype(np.float64)
        for name, given in (("query_ids", query_ids), ("ids", ids)):
            require_ids(name, given)
        if len(query_ids) != len(found) or not all(isinstance(q, Hashable) for q in query_ids):
            expected = f"{len(found)} ids, as many as lists in ranked"
            raise InputError(f"query_ids: expected {expected}, got {short(query_ids)}")
        validate.indices(lambda at: f"ranked, item {at}", found[found >= 0], len(ids))
        kept = [row >= 0 for row in found]
        named = zip(query_ids, found, kept, strict=True)
        return cls(
            {q: [ids[i] for i in row[there].tolist()] for q, row, there in named},
            {q: row[there] for q, row, there in zip(query_ids, values, kept, strict=True)},
        )

    def rows(self, query_ids: Sequence[str], row_of: Mapping[str, int], depth: int) -> Int64s:
        """Number the first items of each query's list.

        Args:
            query_ids: Q of them; a query without a list has an empty one.
            row_of: item id -> number. An item without one is numbered -2, which no judgement is
                about: it takes up its rank.
            depth: k, how many items.

        Returns:
            (Q, k), -1 behind the end of a list.
        """
        found = np.full((len(query_ids), depth), -1)
        for at, query in enumerate(query_ids):
            items = self.items.get(query, ())[:depth]
            found[at, : len(items)] = [row_of.get(item, -2) for item in items]
        return found


def read_run(source: Source) -> Run:
    """Read ranked lists as TREC has them, `query Q0 item rank score name` in a line.

    As in trec_eval the scores rank, not the ranks; among equal scores the order of the lines holds.

    Args:
        source: a path (`.gz` as well), an open file, or the text itself.

    Returns:
        The run.

    Raises:
        InputError: the file cannot be read or has no line; a line has another form, a score that is
            no number, or an item that its query has already.
    """
    found: dict[str, dict[str, float]] = {}
    for where, fields in fields_of(source):
        if len(fields) not in (5, 6):
            raise InputError(
                f"{where}: expected `query Q0 item rank score name`, got {len(fields)} fields"
            )
        query, item = fields[0].strip(), fields[2].strip()
        if not query or not item:
            raise InputError(f"{where}: expected a query and an item, got an empty one")
        _add(found, where, query, item, fields[4])
    if not found:
        raise InputError(f"{name_of(source)}: expected ranked lists, got none")
    return Run.from_scores(found)


def write_run(path: str | os.PathLike[str], run: Run, name: str = "run") -> None:
    """Write ranked lists as TREC has them.

    Args:
        path: of the file.
        run: the lists.
        name: of the run, the last field of each line.

    Raises:
        InputError: an id has white space in it, or the file cannot be written.
    """
    with replacing(Path(path)) as temporary, temporary.open("w", encoding="utf-8") as file:
        for query, items in run.items.items():
            for rank, (item, score) in enumerate(zip(items, run.scores[query], strict=True), 1):
                for field in (query, item, name):
                    if field.split() != [field]:
                        raise InputError(f"{path}: expected ids without spaces, got {field!r}")
                file.write(f"{query} Q0 {item} {rank} {float(score)!r} {name}\n")


def as_run(source: Any) -> Run:
    """Take ranked lists as they come.

    Args:
        source: a run; query id -> item id -> score; a data frame with columns `query_id` (or
            `q_id`), `doc_id` and `score`; or what :func:`read_run` reads.

    Returns:
        The run.

    Raises:
        InputError: columns are missing, a score is no number, an item is there twice for a query,
            or :func:`read_run` raises it.
    """
    if isinstance(source, Run):
        return source
    if isinstance(source, Mapping):
        return Run.from_scores(source)
    if not hasattr(source, "columns"):
        return read_run(source)
    queries = column(source, "run", ("query_id", "q_id", "qid"))
    items = column(source, "run", ("doc_id", "docno"))
    found: dict[str, dict[str, float]] = {}
    for at, row in enumerate(rows(queries, items, column(source, "run", ("score",)))):
        query, item, score = row
        _add(found, f"run, row {at}", str(query), str(item), score)
    return Run.from_scores(found)


def _add(found: dict[str, dict[str, float]], where: str, query: str, item: str, score: Any) -> None:
    try:
        value = math.nan if isinstance(score, str) and "_" in score else float(score)
    except (TypeError, ValueError, OverflowError):
        value = math.nan
    if math.isnan(value):
        raise InputError(f"{where}: expected a number as the score, got {short(score)}")
    of = found.setdefault(query, {})
    if item in of:
        raise InputError(f"{where}: expected each item once for a query, got {short(item)} again")
    of[item] = value
