"""What is relevant to a query: judgements, or the same label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backfill.arrays import Array
from backfill.errors import InputError
from backfill.judgements import Judgements, Qrels, read_qrels
from backfill.vectors.ids import RowNumbers, as_array
from backfill.vectors.reading import GALLERY, QUERIES, Reading, Side, remembered


@remembered
def judgements_of(reading: Reading) -> Judgements | None:
    """Judgements by qrels, else by labels, of the folder's queries; None without either.

    Raises:
        InputError: files are damaged or name nothing that is there, or labels are incomplete.
    """
    qrels, labels = qrels_of(reading), _labels(reading)
    if reading.stored("queries_old") is None:
        if qrels is not None:
            reading.note("qrels are not used: there are no queries.")
        return None
    if qrels is None:
        return None if labels is None else Judgements.from_labels(*labels)
    files = reading.folder.qrels()
    where = files[0] if len(files) == 1 else files[0].parent
    if len(files) > 1:
        reading.note(f"qrels are those of {', '.join(path.name for path in files)}.")
    if labels is not None:
        reading.note(f"Judgements are those of {where.name}; labels are not judged by.")
    return _from_qrels(reading, str(where), qrels)


@remembered
def qrels_of(reading: Reading) -> Qrels | None:
    """What the files with judgements say, together, or None without any.

    Raises:
        InputError: they are damaged, or there are two forms of them.
    """
    qrels: Qrels = {}
    for path in reading.folder.qrels():
        for query, grades in read_qrels(path).items():
            qrels.setdefault(query, {}).update(grades)
    return qrels or None


@remembered
def labels_of(reading: Reading, side: Side) -> Array | None:
    """(rows,) integers or strings of a side, or None.

    Raises:
        InputError: they are something else, or of another number.
    """
    values, path = reading.values(side.labels), reading.folder.file(side.labels)
    if values is None or path is None:
        return None
    reading.same_length(path, len(values), side.vectors)
    labels = as_array(path, values)
    if labels.dtype.kind not in "iuU":
        raise InputError(f"{path}: expected strings or integers as labels, got {labels.dtype}")
    return labels


def _labels(reading: Reading) -> tuple[Array, Array] | None:
    """Labels of queries and gallery as integers that are equal where the labels are."""
    gallery, query = labels_of(reading, GALLERY), None
    if reading.stored("queries_old") is not None:
        query = labels_of(reading, QUERIES)
    if gallery is None or query is None:
        if reading.stored("queries_old") is not None and (gallery is not None or query is not None):
            one, other = (QUERIES, GALLERY) if gallery is None else (GALLERY, QUERIES)
            reading.note(
                f"{reading.name(one.labels)} alone says nothing of relevance: {other.labels} would."
            )
        return None
    if (gallery.dtype.kind == "U") != (query.dtype.kind == "U"):
        raise InputError(
            f"{reading.folder.require('query_labels')}: expected labels as in "
            f"{reading.name('labels')}, {gallery.dtype}, got {query.dtype}"
        )
    names, number = np.unique(np.concatenate([gallery, query]), return_inverse=True)
    gallery, query = number[: len(gallery)], number[len(gallery) :]
    has = np.bincount(gallery, minlength=len(names)) > 0
    if not has[query].any():
        raise InputError(
            f"{reading.folder.require('query_labels')}: expected labels of gallery items, got "
            f"none that {reading.name('labels')} has, such as {names[query[0]]}"
        )
    if lonely := int((~has[query]).sum()):
        reading.note(f"Queries with a label that no gallery item has: {lonely:,}.")
    return query, gallery


def _from_qrels(reading: Reading, where: str, qrels: Qrels) -> Judgements:
    ids, query_ids = reading.ids(GALLERY), reading.ids(QUERIES)
    _require_some(reading, where, "queries", qrels, QUERIES)
    judged = set(qrels).intersection(query_ids)
    items = {item for query in judged for item in qrels[query]}
    _require_some(reading, where, "items", items, GALLERY)
    found = Judgements.from_qrels(qrels, query_ids, ids)
    unknown = items.difference(ids)
    if elsewhere := len(qrels) - len(judged):
        reading.note(f"Queries that only qrels name are left out: {elsewhere:,}.")
    if unknown:
        reading.note(
            f"Items that only qrels name are left out: {len(unknown):,}, such as {min(unknown)!r}."
        )
    if unjudged := len(query_ids) - len(judged):
        reading.note(f"Queries without a judgement: {unjudged:,} of {len(query_ids):,}.")
    return found


def _require_some(reading: Reading, where: str, what: str, named: Any, side: Side) -> None:
    ids: Sequence[str] = reading.ids(side)
    if not set(named).intersection(ids):
        rows = isinstance(ids, RowNumbers)
        hint = f"; without a file {side.ids} row numbers are the ids" if rows else ""
        raise InputError(
            f"{where}: expected {what} by their ids, such as {ids[0]!r}, got none that is there, "
            f"such as {min(named)!r}{hint}"
        )
