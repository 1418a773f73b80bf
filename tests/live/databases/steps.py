"""Steps of a migration without a worker, and what a search must find, by the application."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from application import MODEL, NEW, OLD, Application, vector_of

from backfill.arrays import Float32s
from backfill.live.base import Batch, Database
from backfill.live.terms import Id, Query, Setup

SETUP = Setup(MODEL, NEW)


def embedded(batch: Batch) -> Float32s:
    texts = [item.text for item in batch.items]
    return np.stack([vector_of(text, NEW) for text in texts])


def step(database: Database, limit: int = 10) -> list[Id]:
    with database.claim(limit) as batch:
        if batch.items:
            assert batch.write(embedded(batch)) == len(batch.items)
        return [item.id for item in batch.items]


def drain(database: Database) -> list[Id]:
    done: list[Id] = []
    while True:
        found = step(database)
        if not found and not database.reconcile():
            return done
        done += found


def query(text: str, *, waiting: bool = True, new: bool = True) -> Query:
    return Query(vector_of(text, OLD) if waiting else None, vector_of(text, NEW) if new else None)


def cosine(a: Float32s, b: Float32s) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def truth(application: Application, done: Iterable[Id], asked: str) -> tuple[dict[Id, float], ...]:
    """Cosines of items that wait and that are done, by what the application sees."""
    rows, done = application.fetch(), set(done)
    old, new = vector_of(asked, OLD), vector_of(asked, NEW)
    waiting = {
        k: cosine(r.vector, old) for k, r in rows.items() if k not in done and r.vector is not None
    }
    return waiting, {
        k: cosine(vector_of(r.text or "", NEW), new) for k, r in rows.items() if k in done
    }


def assert_found(hits: list, expected: dict[Id, float], k: int) -> None:
    best = sorted(expected, key=lambda i: -expected[i])[:k]
    assert [hit.id for hit in hits] == best
    np.testing.assert_allclose([hit.cosine for hit in hits], [expected[i] for i in best], atol=1e-5)
