"""A user's folder as one object: what is known of a switch from one model to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backfill import validate
from backfill.arrays import Array, Float32s, Float64s, Floats, Int64s
from backfill.judgements import Judgements
from backfill.vectors.described import texts_of, weights_of
from backfill.vectors.faults import require_usable
from backfill.vectors.judged import judgements_of, labels_of
from backfill.vectors.pairing import both
from backfill.vectors.reading import GALLERY, QUERIES, Reading
from backfill.vectors.rows import Rows, in_order
from backfill.vectors.sample import sample_of


@dataclass(frozen=True, eq=False)
class Upgrade:
    """Vectors of one gallery by two models, and what else is known of its items and queries.

    Arrays of the gallery and of pairs are memory-mapped, or read by rows: they have `shape` and
    `dtype`, and are indexed by slices and arrays of row numbers.

    Attributes:
        old: (N, d1) old vectors of the gallery.
        new: (n, d2) new vectors of the sampled items.
        sample: (n,) their gallery rows, ascending.
        queries_old: (Q, d1) float32 old vectors of the queries, or None.
        queries_new: (Q, d2) float32 new vectors of the queries, or None.
        pairs_old: (M, d1) old vectors of items from elsewhere, or None.
        pairs_new: (M, d2) their new vectors, or None.
        ids: N ids of the gallery's items, distinct.
        query_ids: Q ids of the queries, distinct.
        labels: (N,) labels of the gallery's items, integers or strings, or None.
        query_labels: (Q,) labels of the queries, or None.
        judgements: grades of items for queries, by qrels or else by labels; None without either.
        weights: (Q,) how often each query is asked, or None.
        texts: N texts of the gallery's items, or None.
        query_texts: Q texts of the queries, or None.
        notes: assumptions that were made, in sentences.
    """

    old: Floats
    new: Floats | Rows
    sample: Int64s
    queries_old: Float32s | None
    queries_new: Float32s | None
    pairs_old: Floats | None
    pairs_new: Floats | Rows | None
    ids: Sequence[str]
    query_ids: Sequence[str]
    labels: Array | None
    query_labels: Array | None
    judgements: Judgements | None
    weights: Float64s | None
    texts: Sequence[str] | None
    query_texts: Sequence[str] | None
    notes: list[str]


def read(folder: Path) -> Upgrade:
    """Read a folder.

    Of large arrays no more than 10,000 rows are read: `backfill check` reads all.

    Args:
        folder: with `old`, `new` and whatever else there is.

    Returns:
        What is in it. Files that cannot be memory-mapped have got a copy in `.backfill/`.

    Raises:
        InputError: something is missing, damaged, or does not fit to the rest.
    """
    return assemble(Reading(Path(folder)))


def assemble(reading: Reading) -> Upgrade:
    """Read what a folder has; see :func:`read`."""
    old_path, new_path = reading.folder.require("old"), reading.folder.require("new")
    rows = sample_of(reading)
    queries, pairs = both(reading, "queries"), both(reading, "pairs")
    judgements = judgements_of(reading)
    with_queries = queries is not None
    weights = weights_of(reading)
    old, new = reading.vectors("old"), reading.vectors("new")
    assert old is not None
    assert new is not None
    require_usable(old_path, old)
    require_usable(new_path, new)
    if pairs is not None:
        require_usable(reading.folder.require("pairs_old"), pairs[0])
        require_usable(reading.folder.require("pairs_new"), pairs[1])
    if not with_queries:
        reading.note("There are no queries: held-out gallery items stand in for them.")
    ascending = np.argsort(rows, kind="stable")
    return Upgrade(
        old=old,
        new=in_order(new, ascending),
        sample=rows[ascending],
        queries_old=None if queries is None else _queries(reading, "queries_old", queries[0]),
        queries_new=None if queries is None else _queries(reading, "queries_new", queries[1]),
        pairs_old=None if pairs is None else pairs[0],
        pairs_new=None if pairs is None else pairs[1],
        ids=reading.ids(GALLERY),
        query_ids=reading.ids(QUERIES) if with_queries else (),
        labels=labels_of(reading, GALLERY),
        query_labels=labels_of(reading, QUERIES) if with_queries else None,
        judgements=judgements,
        weights=weights,
        texts=texts_of(reading, GALLERY),
        query_texts=texts_of(reading, QUERIES) if with_queries else None,
        notes=reading.notes,
    )


def _queries(reading: Reading, name: str, array: Floats | Rows) -> Float32s:
    """Queries in memory as float32."""
    path = str(reading.folder.require(name))
    with np.errstate(over="ignore"):  # too large a number becomes infinite, which is found
        loaded = np.asarray(array).astype(np.float32)
    checked: Float32s = validate.embeddings(path, loaded)
    return checked
