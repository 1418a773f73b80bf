"""How relevant the items of a gallery are to each query, by row numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backfill.arrays import Int64s
from backfill.errors import InputError
from backfill.reading.files import short
from backfill.relevance import Relevance


@dataclass(frozen=True, eq=False)
class Judgements:
    """Grades of N items for Q queries, in compressed rows.

    Queries with the same judgements share one set of them, so that labels cost O(Q + N) memory.
    The items judged for query q are items[indptr[s] : indptr[s + 1]] with s = judged_set[q], and
    ascend strictly. An item that is not among them has not been judged, and counts as irrelevant,
    as one with a grade of 0 or below does.

    Attributes:
        gallery_size: N.
        judged_set: (Q,) int64, which set of judgements a query has.
        indptr: (sets + 1,) int64, where each set begins in `items` and `grades`.
        items: int64 gallery rows, set after set.
        grades: int64, how relevant each of `items` is.
    """

    gallery_size: int
    judged_set: Int64s
    indptr: Int64s
    items: Int64s
    grades: Int64s

    @classmethod
    def from_qrels(
        cls,
        qrels: Mapping[str, Mapping[str, int]],
        query_ids: Sequence[str],
        ids: Sequence[str],
    ) -> Judgements:
        """Find the rows that judgements by id are about.

        Judgements of queries or items that are not there are left out; :func:`strangers` counts
        them.

        Args:
            qrels: query id -> item id -> grade.
            query_ids: of the Q queries.
            ids: of the N items; may be any sequence, such as the row numbers as strings.

        Returns:
            The judgements, without any for a query that `qrels` does not name.

        Raises:
            InputError: no query or no item of `qrels` is there, an id that it names occurs twice,
                or these are no mappings of integers and no sequences of ids.
        """
        _require_grades(qrels)
        query_row = rows_of("query_ids", query_ids, qrels)
        known = {query: qrels[query] for query in query_row}
        row = rows_of("ids", ids, (item for grades in known.values() for item in grades))
        indptr: list[int] = [0]
        items: list[int] = []
        grades: list[int] = []
        for query in query_ids:
            found = sorted((row[i], g) for i, g in known.get(query, {}).items() if i in row)
            items.extend(item for item, _ in found)
            grades.extend(grade for _, grade in found)
            indptr.append(len(items))
        return cls(
            len(ids),
            np.arange(len(query_ids)),
            np.array(indptr, np.int64),
            np.array(items, np.int64),
            np.array(grades, np.int64),
        )

    @classmethod
    def from_labels(cls, query_labels: ArrayLike, labels: ArrayLike) -> Judgements:
        """Give an item grade 1 if it has the query's label.

        Args:
            query_labels: (Q,) strings or integers.
            labels: (N,) of the items, likewise.

        Returns:
            The judgements.

        Raises:
            InputError: as :meth:`Relevance.from_labels` does.
        """
        of = Relevance.from_labels(query_labels, labels)
        items = of.positive_indices
        return cls(of.gallery_size, of.positive_set, of.positive_indptr, items, np.ones_like(items))

    @property
    def num_queries(self) -> int:
        """The number of queries, Q."""
        return len(self.judged_set)

    @cached_property
    def relevant_counts(self) -> Int64s:
        """(Q,) how many items have a grade above 0."""
        before = np.concatenate([[0], np.cumsum(self.grades > 0)])
        return np.asarray(np.diff(before[self.indptr])[self.judged_set])

    @cached_property
    def _keys(self) -> Int64s:
        """One ascending number for each pair of a set and an item in it."""
        sets = np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))
        return np.asarray(sets * self.gallery_size + self.items)

    def grades_of(self, ranked: Int64s) -> Int64s:
        """Look up the grades of many items at once.

        Args:
            ranked: (Q, n) gallery rows for each query; negative numbers are no items.

        Returns:
            (Q, n) their grades, 0 for items that are not judged.
        """
        if not len(self.items):
            return np.zeros(ranked.shape, np.int64)
        keys = self.judged_set[:, None] * self.gallery_size + ranked
        found = np.minimum(np.searchsorted(self._keys, keys), len(self.items) - 1)
        judged = (self._keys[found] == keys) & (ranked >= 0)
        return np.where(judged, self.grades[found], 0)

    def relevant(self, query: int) -> tuple[Int64s, Int64s]:
        """Items with a grade above 0 for a query, ascending, and their grades."""
        s = self.judged_set[query]
        row = slice(self.indptr[s], self.indptr[s + 1])
        kept = self.grades[row] > 0
        return self.items[row][kept], self.grades[row][kept]

    def relevance(self, threshold: int = 1) -> Relevance:
        """Call an item relevant from a grade on.

        Args:
            threshold: the lowest grade that is relevant.

        Returns:
            The relevance, without ignored items.
        """
        kept = self.grades >= threshold
        indptr = np.concatenate([[0], np.cumsum(kept)])[self.indptr]
        none = np.empty(0, np.int64)
        return Relevance(
            self.gallery_size,
            self.judged_set,
            indptr,
            self.items[kept],
            np.zeros(self.num_queries + 1, np.int64),
            none,
        )

    def among(self, items: Int64s) -> Judgements:
        """Restrict the gallery to some items, which are numbered anew.

        Args:
            items: (n,) ascending gallery rows.

        Returns:
            The judgements of a gallery of n.
        """
        found = np.searchsorted(items, self.items)
        kept = found < len(items)
        kept[kept] = items[found[kept]] == self.items[kept]
        indptr = np.concatenate([[0], np.cumsum(kept)])[self.indptr]
        return Judgements(len(items), self.judged_set, indptr, found[kept], self.grades[kept])

    def of(self, queries: ArrayLike) -> Judgements:
        """Restrict the queries.

        Args:
            queries: (n,) rows of queries, in any order, also several times, or (Q,) bools.

        Returns:
            The judgements of n queries, which share the sets of these.
        """
        return Judgements(
            self.gallery_size,
            self.judged_set[np.asarray(queries)],
            self.indptr,
            self.items,
            self.grades,
        )


def _require_grades(qrels: Any) -> None:
    """Raise InputError unless these are mappings from items to integers, by query."""
    if not isinstance(qrels, Mapping):
        raise InputError(f"qrels: expected query -> item -> grade, got {short(qrels)}")
    for query, grades in qrels.items():
        if not isinstance(grades, Mapping):
            raise InputError(f"qrels[{short(query)}]: expected item -> grade, got {short(grades)}")
        for item, grade in grades.items():
            if not isinstance(grade, int | np.integer) or not -(2**63) <= grade < 2**63:
                raise InputError(
                    f"qrels[{short(query)}][{short(item)}]: expected an integer as the grade, got "
                    f"{short(grade)}"
                )


def require_ids(name: str, ids: Any) -> Any:
    """Return ids if they come one by one and can be counted; a string is none of many."""
    counted = hasattr(ids, "__len__") and hasattr(ids, "__getitem__")
    if not counted or isinstance(ids, str | bytes | Mapping) or getattr(ids, "shape", None) == ():
        raise InputError(f"{name}: expected a sequence of ids, got {short(ids)}")
    return ids


def rows_of(name: str, ids: Sequence[str], wanted: Iterable[str]) -> dict[str, int]:
    """Find the rows of some ids, in one pass that remembers only those.

    Args:
        name: of `ids`, for messages.
        ids: one per row.
        wanted: ids, some of which may not be there.

    Returns:
        Id -> row, in the order of the rows.

    Raises:
        InputError: none is there, or one is there twice.
    """
    looked_for = dict.fromkeys(wanted)  # a set would look up a set, which can be no id
    rows: dict[str, int] = {}
    try:
        for row, item in enumerate(require_ids(name, ids)):
            if item in looked_for:
                if item in rows:
                    raise InputError(
                        f"{name}: expected each id once, got {item!r} in rows {rows[item]} and "
                        f"{row}"
                    )
                rows[item] = row
    except TypeError:  # a list, for instance, can be no id
        raise InputError(f"{name}: expected ids, got {short(ids)}") from None
    if not rows:
        named = f", such as {min(map(str, looked_for))!r:.60}" if looked_for else ""
        raise InputError(
            f"{name}: expected ids that the qrels name{named}, got none of their {len(looked_for)}"
        )
    return rows


def strangers(
    qrels: Mapping[str, Mapping[str, int]], query_ids: Sequence[str], ids: Sequence[str]
) -> tuple[list[str], list[str]]:
    """List the ids that judgements name and that are not there.

    Args:
        qrels: query id -> item id -> grade.
        query_ids: of the queries.
        ids: of the items.

    Returns:
        Queries without a row, and items without a row that are judged for a query with one; both
        sorted.
    """
    queries = set(qrels).difference(query_ids)
    items = {item for query, grades in qrels.items() if query not in queries for item in grades}
    return sorted(queries), sorted(items.difference(ids))
