"""Which gallery items are relevant to a query, and which are left out of its ranking."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Int64s
from backfill.artifacts import replacing
from backfill.errors import InputError
from backfill.reading.npy import Form, member, read_archive

_KINDS = {"i": "integers", "U": "strings"}


@dataclass(frozen=True, eq=False)
class Relevance:
    """Positives and ignored items of Q queries in a gallery of N, in compressed rows.

    Queries with the same positives share one set of them. Labels therefore cost O(Q + N) memory,
    not Q times the size of a class. The positives of query q are
    positive_indices[positive_indptr[s] : positive_indptr[s + 1]] with s = positive_set[q], except
    those that it ignores. Its ignored items are ignored_indices[ignored_indptr[q] :
    ignored_indptr[q + 1]]. Indices ascend strictly within a row. An item that is in both rows is
    ignored.

    Attributes:
        gallery_size: N.
        positive_set: (Q,) int64, which set of positives a query has.
        positive_indptr: (sets + 1,) int64, where each set begins in `positive_indices`.
        positive_indices: int64 gallery indices, set after set.
        ignored_indptr: (Q + 1,) int64, where each query begins in `ignored_indices`.
        ignored_indices: int64 gallery indices, query after query.

    Raises:
        InputError: the arrays do not have this form.
    """

    gallery_size: int
    positive_set: Int64s
    positive_indptr: Int64s
    positive_indices: Int64s
    ignored_indptr: Int64s
    ignored_indices: Int64s

    def __post_init__(self) -> None:
        validate.count("gallery_size", self.gallery_size)
        for field in fields(self)[1:]:
            integers = validate.integers(field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, integers)
        if self.num_queries == 0:
            raise InputError("positive_set: expected at least one query, got none")
        _check_rows("positives", self.positive_indptr, self.positive_indices, self.gallery_size)
        _check_rows("ignored", self.ignored_indptr, self.ignored_indices, self.gallery_size)
        last = len(self.positive_indptr) - 2
        low, high = int(self.positive_set.min()), int(self.positive_set.max())
        if low < 0 or high > last:
            found = low if low < 0 else high
            raise InputError(f"positive_set: expected sets in 0..{last}, got {found}")
        if len(self.ignored_indptr) != self.num_queries + 1:
            raise InputError(
                f"ignored_indptr: expected {self.num_queries + 1} entries, "
                f"got {len(self.ignored_indptr)}"
            )

    @classmethod
    def from_labels(
        cls,
        query_labels: ArrayLike,
        gallery_labels: ArrayLike,
        ignore_self: bool = False,
        query_positions: ArrayLike | None = None,
    ) -> Relevance:
        """Make relevance from classes: an item is relevant if it has the query's label.

        Args:
            query_labels: (Q,) integers or strings.
            gallery_labels: (N,) likewise.
            ignore_self: whether the queries are gallery items, each of which is left out of its own
                ranking.
            query_positions: (Q,) which gallery items they are; by default query i is item i.

        Returns:
            The relevance, without ignored items unless `ignore_self`.

        Raises:
            InputError: labels are neither 1-D integers below 2^63 nor 1-D strings, or of one kind
                here and of the other there; there are none, positions lie outside the gallery, or
                `ignore_self` comes without positions while Q differs from N.
        """
        query = validate.labels("query_labels", query_labels)
        gallery = validate.labels("gallery_labels", gallery_labels)
        if query.size and gallery.size and query.dtype.kind != gallery.dtype.kind:
            raise InputError(
                f"gallery_labels: expected {_KINDS[query.dtype.kind]} as in query_labels, "
                f"got {_KINDS[gallery.dtype.kind]}"
            )
        if len(query) == 0:
            raise InputError("query_labels: expected at least one label, got none")
        if len(gallery) == 0:
            raise InputError("gallery_labels: expected at least one label, got none")
        ignored, per_query = np.empty(0, np.int64), 0
        if validate.switch("ignore_self", ignore_self):
            ignored, per_query = _own_positions(query_positions, len(query), len(gallery)), 1
        elif query_positions is not None:
            raise InputError("query_positions: expected none without ignore_self, got some")

        labels, label_of_item = np.unique(gallery, return_inverse=True)
        found = np.searchsorted(labels, query)
        known = labels[np.minimum(found, len(labels) - 1)] == query
        # One more set, which is empty, serves the labels that the gallery does not have.
        sizes = np.append(np.bincount(label_of_item, minlength=len(labels)), 0)
        return cls(
            gallery_size=len(gallery),
            positive_set=np.where(known, found, len(labels)),
            positive_indptr=_indptr(sizes),
            positive_indices=np.argsort(label_of_item, kind="stable"),
            ignored_indptr=np.arange(len(query) + 1) * per_query,
            ignored_indices=ignored,
        )

    @classmethod
    def from_lists(
        cls,
        positives: Sequence[ArrayLike],
        ignored: Sequence[ArrayLike] | None = None,
        gallery_size: int = 0,
    ) -> Relevance:
        """Make relevance from lists of gallery indices.

        Args:
            positives: Q sequences of gallery indices, each in any order.
            ignored: as many sequences, of the items that have no rank; by default there are none.
            gallery_size: N, which has to be given.

        Returns:
            The relevance.

        Raises:
            InputError: indices are not 1-D integers, are negative, lie beyond the gallery or occur
                twice in a sequence, or the two lists differ in length.
        """
        if len(validate.sequence("positives", positives)) == 0:
            raise InputError("positives: expected at least one query, got none")
        if ignored is None:
            ignored = [()] * len(positives)
        if len(validate.sequence("ignored", ignored)) != len(positives):
            raise InputError(
                f"ignored: expected {len(positives)} sequences as in positives, got {len(ignored)}"
            )
        positive_indptr, positive_indices = _rows("positives", positives)
        ignored_indptr, ignored_indices = _rows("ignored", ignored)
        return cls(
            gallery_size=gallery_size,
            positive_set=np.arange(len(positives)),
            positive_indptr=positive_indptr,
            positive_indices=positive_indices,
            ignored_indptr=ignored_indptr,
            ignored_indices=ignored_indices,
        )

    @property
    def num_queries(self) -> int:
        """The number of queries, Q."""
        return len(self.positive_set)

    @staticmethod
    def given(relevance: Relevance | None) -> Relevance:
        """Return the relevance, or raise InputError if it is none."""
        if relevance is None:
            raise InputError(
                "relevance: expected a Relevance, which this measure needs, got None; without one, "
                "backfill.measures has overlap@k"
            )
        return validate.instance("relevance", relevance, Relevance)

    def require(self, queries: int, gallery_size: int) -> None:
        """Raise InputError unless this is the relevance of so many queries and gallery items."""
        if self.num_queries != queries:
            raise InputError(f"relevance: expected {queries} queries, got {self.num_queries}")
        if self.gallery_size != gallery_size:
            raise InputError(
                f"relevance: expected a gallery of {gallery_size}, got {self.gallery_size}"
            )

    def among(self, items: Int64s) -> Relevance:
        """Restrict the gallery to some items, which are numbered anew.

        Args:
            items: (n,) ascending gallery indices.

        Returns:
            The relevance of a gallery of n.

        Raises:
            InputError: there are no items, or they do not ascend or lie outside the gallery.
        """
        items = validate.ascending("items", items, self.gallery_size)
        position = np.full(self.gallery_size, -1)
        position[items] = np.arange(len(items))

        def kept(indptr: Int64s, indices: Int64s) -> tuple[Int64s, Int64s]:
            left = position[indices] >= 0
            before = np.concatenate([[0], np.cumsum(left)])
            return before[indptr], position[indices[left]]

        positive_indptr, positive_indices = kept(self.positive_indptr, self.positive_indices)
        ignored_indptr, ignored_indices = kept(self.ignored_indptr, self.ignored_indices)
        return Relevance(
            len(items),
            self.positive_set,
            positive_indptr,
            positive_indices,
            ignored_indptr,
            ignored_indices,
        )

    def positives(self, query: int) -> Int64s:
        """Gallery indices that are relevant to a query and not ignored, ascending.

        Raises:
            InputError: there is no such query.
        """
        which = self.positive_set[validate.position("query", query, self.num_queries)]
        start, stop = self.positive_indptr[which], self.positive_indptr[which + 1]
        return np.setdiff1d(
            self.positive_indices[start:stop], self.ignored(query), assume_unique=True
        )

    def ignored(self, query: int) -> Int64s:
        """Gallery indices that are left out of a query's ranking, ascending.

        Raises:
            InputError: there is no such query.
        """
        query = validate.position("query", query, self.num_queries)
        return self.ignored_indices[self.ignored_indptr[query] : self.ignored_indptr[query + 1]]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of it to `path`, or nothing; equal relevance gives equal bytes.

        The file is an .npz archive with one array per attribute, under its name.
        """
        arrays = {
            field.name: np.asarray(getattr(self, field.name), np.int64) for field in fields(self)
        }
        with replacing(validate.path("path", path)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Relevance:
        """Read what `save` wrote.

        Raises:
            InputError: the file is missing or damaged, or holds something else.
        """
        file = validate.path("path", path)
        stored = read_archive(file, "a relevance file")
        arrays: dict[str, Any] = {field.name: stored.get(field.name) for field in fields(cls)[1:]}
        try:
            size = member(file, stored, "gallery_size", Form(np.int64, (0,), "a number"))
            return cls(gallery_size=int(size), **arrays)
        except InputError as error:
            raise InputError(f"{path}: expected a relevance file, got: {error}") from None


def _own_positions(positions: ArrayLike | None, queries: int, gallery_size: int) -> Int64s:
    """The gallery index of each query, (Q,)."""
    if positions is None:
        if queries != gallery_size:
            raise InputError(
                f"ignore_self: expected as many queries as gallery items or query_positions, "
                f"got {queries} queries and {gallery_size} gallery items"
            )
        return np.arange(queries)
    own = validate.integers("query_positions", positions)
    if len(own) != queries:
        raise InputError(f"query_positions: expected {queries} entries, got {len(own)}")
    validate.indices(lambda at: f"query_positions[{at}]", own, gallery_size)
    return own


def _indptr(sizes: Int64s) -> Int64s:
    """Row boundaries from row sizes."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _rows(name: str, lists: Sequence[ArrayLike]) -> tuple[Int64s, Int64s]:
    """Compressed rows with sorted indices."""
    rows = [np.sort(validate.integers(f"{name}[{i}]", row)) for i, row in enumerate(lists)]
    return _indptr(np.array([len(row) for row in rows])), np.concatenate(rows)


def _check_rows(name: str, indptr: Int64s, indices: Int64s, gallery_size: int) -> None:
    """Require compressed rows of strictly ascending gallery indices."""
    if (
        len(indptr) < 2
        or indptr[0] != 0
        or indptr[-1] != len(indices)
        or (np.diff(indptr) < 0).any()
    ):
        raise InputError(
            f"{name}: expected row boundaries that rise from 0 to {len(indices)}, the number of "
            f"indices, got {indptr.tolist()[:10]}"
        )
    validate.indices(lambda at: f"{name}[{_row_of(indptr, at)}]", indices, gallery_size)
    step = np.diff(indices)
    step[indptr[1:-1][(indptr[1:-1] > 0) & (indptr[1:-1] < len(indices))] - 1] = 1
    if (step < 1).any():
        at = int(np.argmax(step < 1))
        found = (
            f"{indices[at]} twice" if step[at] == 0 else f"{indices[at + 1]} after {indices[at]}"
        )
        raise InputError(
            f"{name}[{_row_of(indptr, at)}]: expected ascending distinct indices, got {found}"
        )


def _row_of(indptr: Int64s, at: int) -> int:
    """The row that holds the index at a position."""
    return int(np.searchsorted(indptr, at, side="right")) - 1
