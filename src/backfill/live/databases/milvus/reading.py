"""What is there: counts, what reconciling finds, samples, rows, new vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from backfill.arrays import Float32s
from backfill.live.databases.milvus.collections import PRINT, VECTOR
from backfill.live.databases.milvus.shape import vector_of
from backfill.live.databases.milvus.view import View
from backfill.live.fingerprint import text_of
from backfill.live.sharing import drawn
from backfill.live.terms import Counts, Id, Rows


def counts(view: View) -> Counts:
    """Read all contents and fingerprints once, and count."""
    items = done = written = unseen = 0
    for page in view.pages(view.text):
        rows = {row[view.shape.id]: row for row in view.items(page)}
        prints = view.prints(rows)
        wait = [id_ for id_, row in rows.items() if not view.is_done(row, prints.get(id_))]
        items, written, done = items + len(rows), written + len(prints), done + len(rows)
        done -= len(wait)
        if view.old is None or view.shape.nullable:
            unseen += len(wait) - len(view.vectors(wait))
    return Counts(items, done, written - done, len(orphans(view)), unsearchable=unseen)


def stale(view: View) -> set[Id]:
    """Items whose new vector is not of their current content."""
    found: set[Id] = set()
    for page in view.pages(view.text):
        prints = view.prints(row[view.shape.id] for row in page)
        for row in page:
            print_ = prints.get(row[view.shape.id])
            if print_ is not None and not view.is_done(row, print_):
                found.add(row[view.shape.id])
    return found


def orphans(view: View) -> list[Id]:
    """New vectors whose items are gone."""
    found: list[Id] = []
    for keys in view.new_keys():
        there = {row[view.shape.id] for row in view.items([*view.rows(keys, view.text).values()])}
        found += [key for key in keys if key not in there]
    return found


def sample(view: View, n: int, seed: int) -> Rows:
    """Draw those with the smallest hashes of key and seed."""
    ids = drawn(_whole(view), n, seed)
    rows, vectors = view.rows(ids, view.text), view.vectors(ids)
    there = [id_ for id_ in rows if id_ in vectors]
    texts = [text_of(view.content(rows[id_])) for id_ in there]
    return Rows(there, _matrix([vectors[id_] for id_ in there], view.shape.width), texts)


def rows(view: View) -> Iterator[Rows]:
    """All items with an old vector, in blocks."""
    key, old, width = view.shape.id, view.settings.vector, view.shape.width
    for page in view.pages([key, old], width=width):
        found = {row[key]: vector_of(row.get(old)) for row in page}
        vectors = {id_: vector for id_, vector in found.items() if vector is not None}
        if vectors:
            yield Rows([*vectors], _matrix([*vectors.values()], width), [""] * len(vectors))


def new_vectors(view: View, ids: Sequence[Id]) -> dict[Id, Float32s]:
    """Those of the items that are done."""
    there, found = view.rows(ids, view.text), view.new_rows(ids, [PRINT, VECTOR])
    return {
        id_: np.asarray(row[VECTOR], np.float32)
        for id_, row in found.items()
        if id_ in there and view.is_done(there[id_], row[PRINT])
    }


def _whole(view: View) -> Iterator[Id]:
    """Keys of items that have content and an old vector."""
    for page in view.pages(view.text):
        ids = [
            row[view.shape.id]
            for row in page
            if any(part is not None for part in view.content(row))
        ]
        yield from view.vectors(ids) if view.shape.nullable else ids


def _matrix(vectors: Sequence[Float32s], width: int) -> Float32s:
    return np.array(vectors, np.float32).reshape(len(vectors), width)
