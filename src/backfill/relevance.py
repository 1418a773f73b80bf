"""Which gallery items are relevant to a query, and which are left out of its ranking."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backfill import validate
from backfill.artifacts import replacing
from backfill.errors import InputError

Int64s = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Relevance:
    """Positives and ignored items of Q queries in a gallery of N, in compressed rows.

    Queries with the same positives share a group, so that labels cost O(Q + N) memory and not
    Q times the size of a class. Query q has the positives positive_indices[a:b] with
    a, b = positive_indptr[g], positive_indptr[g + 1] and g = positive_group[q], less its ignored
    items, which stand in ignored_indices in the same way, without groups. Indices are int64 and
    ascend strictly within a row; an item that is both is ignored.

    Raises InputError if the arrays are not of this form.
    """

    gallery_size: int
    positive_group: Int64s  # (Q,)
    positive_indptr: Int64s  # (groups + 1,)
    positive_indices: Int64s
    ignored_indptr: Int64s  # (Q + 1,)
    ignored_indices: Int64s

    def __post_init__(self) -> None:
        if self.gallery_size < 1:
            raise InputError(f"gallery_size: expected at least 1, got {self.gallery_size}")
        if self.num_queries == 0:
            raise InputError("positive_group: expected at least one query, got none")
        _check_rows("positives", self.positive_indptr, self.positive_indices, self.gallery_size)
        _check_rows("ignored", self.ignored_indptr, self.ignored_indices, self.gallery_size)
        groups = len(self.positive_indptr) - 1
        if self.positive_group.min() < 0 or self.positive_group.max() >= groups:
            raise InputError(f"positive_group: expected groups in 0..{groups - 1}")
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
    ) -> "Relevance":
        """Relevant is what has the query's label.

        query_labels: (Q,) integers; gallery_labels: (N,) integers. With ignore_self, a query that
        is itself in the gallery is left out of its own ranking: query i is gallery item i, or item
        query_positions[i], (Q,), where given.

        Raises InputError for labels that are not 1-D integers, for an empty gallery, for positions
        outside it, and if ignore_self is asked for without positions while Q differs from N.
        """
        query = validate.integers("query_labels", query_labels)
        gallery = validate.integers("gallery_labels", gallery_labels)
        if len(query) == 0:
            raise InputError("query_labels: expected at least one label, got none")
        if len(gallery) == 0:
            raise InputError("gallery_labels: expected at least one label, got none")
        ignored, per_query = np.empty(0, np.int64), 0
        if ignore_self:
            ignored, per_query = _own_positions(query_positions, len(query), len(gallery)), 1
        elif query_positions is not None:
            raise InputError("query_positions: expected none without ignore_self")

        labels, group = np.unique(gallery, return_inverse=True)
        found = np.searchsorted(labels, query)
        known = labels[np.minimum(found, len(labels) - 1)] == query
        # One more, empty, group is for the labels that the gallery does not have.
        sizes = np.append(np.bincount(group, minlength=len(labels)), 0)
        return cls(
            gallery_size=len(gallery),
            positive_group=np.where(known, found, len(labels)),
            positive_indptr=_indptr(sizes),
            positive_indices=np.argsort(group, kind="stable"),
            ignored_indptr=np.arange(len(query) + 1) * per_query,
            ignored_indices=ignored,
        )

    @classmethod
    def from_lists(
        cls, positives: Sequence[ArrayLike], ignored: Sequence[ArrayLike], gallery_size: int
    ) -> "Relevance":
        """Relevance from one sequence of gallery indices per query, in any order.

        Raises InputError for indices that are no 1-D integers, negative, beyond the gallery or
        twice in a sequence, and if the two lists differ in length.
        """
        if len(positives) == 0:
            raise InputError("positives: expected at least one query, got none")
        if len(ignored) != len(positives):
            raise InputError(
                f"ignored: expected {len(positives)} sequences as in positives, got {len(ignored)}"
            )
        positive_indptr, positive_indices = _rows("positives", positives)
        ignored_indptr, ignored_indices = _rows("ignored", ignored)
        return cls(
            gallery_size=gallery_size,
            positive_group=np.arange(len(positives)),
            positive_indptr=positive_indptr,
            positive_indices=positive_indices,
            ignored_indptr=ignored_indptr,
            ignored_indices=ignored_indices,
        )

    @property
    def num_queries(self) -> int:
        """The number of queries, Q."""
        return len(self.positive_group)

    def require(self, queries: int, gallery_size: int) -> None:
        """Raise InputError unless it is about so many queries and gallery items."""
        if self.num_queries != queries:
            raise InputError(f"relevance: expected {queries} queries, got {self.num_queries}")
        if self.gallery_size != gallery_size:
            raise InputError(
                f"relevance: expected a gallery of {gallery_size}, got {self.gallery_size}"
            )

    def among(self, items: Int64s) -> "Relevance":
        """The same of some gallery items alone, (n,) ascending, which are numbered anew."""
        place = np.full(self.gallery_size, -1)
        place[items] = np.arange(len(items))

        def kept(indptr: Int64s, indices: Int64s) -> tuple[Int64s, Int64s]:
            left = place[indices] >= 0
            before = np.concatenate([[0], np.cumsum(left)])
            return before[indptr], place[indices[left]]

        positive_indptr, positive_indices = kept(self.positive_indptr, self.positive_indices)
        ignored_indptr, ignored_indices = kept(self.ignored_indptr, self.ignored_indices)
        return Relevance(
            len(items),
            self.positive_group,
            positive_indptr,
            positive_indices,
            ignored_indptr,
            ignored_indices,
        )

    def positives(self, query: int) -> Int64s:
        """Gallery indices that are relevant to a query and not ignored, ascending."""
        group = self.positive_group[query]
        start, stop = self.positive_indptr[group], self.positive_indptr[group + 1]
        return np.setdiff1d(
            self.positive_indices[start:stop], self.ignored(query), assume_unique=True
        )

    def ignored(self, query: int) -> Int64s:
        """Gallery indices that have no place in a query's ranking, ascending."""
        return self.ignored_indices[self.ignored_indptr[query] : self.ignored_indptr[query + 1]]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to `path`, whole or not at all; equal relevance gives equal bytes."""
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        with replacing(Path(path)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Relevance":
        """Read what `save` wrote; raises InputError naming a missing or corrupt file."""
        try:
            with np.load(path, allow_pickle=False) as file:
                size = int(file["gallery_size"])
                names = [field.name for field in fields(cls)][1:]
                arrays = {name: validate.integers(name, file[name]) for name in names}
                return cls(gallery_size=size, **arrays)
        except Exception as error:  # a damaged archive fails in many ways, with many types
            raise InputError(f"{path}: expected a relevance file, got: {error}") from error


def _own_positions(positions: ArrayLike | None, queries: int, gallery_size: int) -> Int64s:
    """Where each query is itself in the gallery, (Q,)."""
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
            f"{name}: expected row boundaries that rise from 0 to the {len(indices)} indices"
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
    """The row that holds the index at a place."""
    return int(np.searchsorted(indptr, at, side="right")) - 1
