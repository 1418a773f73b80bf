"""A migration around an application's gallery: models that are functions, and exact answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from application import NEW, OLD, Application, vector_of

from backfill.live.opened import Opened
from backfill.live.router import Vectors
from backfill.live.settings import Migration
from backfill.live.terms import Id

MODULE = """
import hashlib
import numpy as np

CALLS = []

def _vectors(texts, width):
    found = []
    for text in texts:
        seed = int.from_bytes(hashlib.sha256(f"{width} {text}".encode()).digest()[:8], "big")
        row = np.random.default_rng(seed).normal(size=width)
        found.append(row / np.linalg.norm(row))
    return np.array(found)

def old(texts):
    return _vectors(texts, %d)

def new(texts):
    CALLS.extend(texts)
    return _vectors(texts, %d)

def broken(texts):
    raise RuntimeError("no such luck")
"""


def opened(application: Application, folder: Path, **settings: Any) -> Opened:
    """A migration of an application's gallery; its models are the functions of the tests."""
    (folder / "journey_models.py").write_text(MODULE % (OLD, NEW))
    model = {"provider": "python", "patience": 0.1}
    section = {
        "name": "trial",
        "database": {"kind": "postgres", "url": "postgresql://", "table": "t", "content": "c"},
        "old": model | {"function": "journey_models:old"},
        "new": model | {"function": "journey_models:new"},
        "sample": 40,
        "batch": 7,
        "file": folder / "migration.yaml",
    }
    migration = Migration.model_validate(section | settings, context={"folder": folder})
    return Opened(migration, application.open())


def query(text: str) -> Vectors:
    return Vectors(vector_of(text, OLD), vector_of(text, NEW))


def nearest(application: Application, text: str, width: int, k: int) -> list[Id]:
    """The first items of one system alone, exactly."""
    rows = {key: row for key, row in application.fetch().items() if row.text is not None}
    if width == OLD:
        vectors = [np.asarray(row.vector) for row in rows.values()]
    else:
        vectors = [vector_of(row.text or "", NEW) for row in rows.values()]
    matrix = np.stack([vector / np.linalg.norm(vector) for vector in vectors])
    order = np.argsort(-(matrix @ vector_of(text, width)), kind="stable")
    keys = list(rows)
    return [keys[at] for at in order[:k]]
