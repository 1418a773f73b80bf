"""What a collection is, and what it lacks for a migration."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from itertools import islice
from typing import Any

import numpy as np
from qdrant_client import models

from backfill.live.databases.qdrant.points import PRINT_WIDTH
from backfill.live.databases.qdrant.view import View
from backfill.live.fingerprint import text_of
from backfill.live.terms import Facts

_SAMPLE = 1000
_FLOAT32 = 4  # bytes
_LINKS = 2 * 2 * 16 * _FLOAT32  # bytes of a point in both graphs, with the usual 16 neighbours
_OLDEST = (1, 18)  # of servers: the first that add a vector to a collection that is there


def facts(view: View, width: int | None) -> Facts:
    """Look at a collection; nothing is changed.

    Args:
        view: of the collection.
        width: of the new vectors; None: as the old ones.

    Raises:
        InputError: the old vectors are not there.
    """
    old = view.vectors[view.the_old()]
    items = view.client.api.count(view.settings.collection, count_filter=view.item).count
    points = list(islice(view.points(view.item), _SAMPLE))
    contents = [view.content(point.payload) for point in points]
    new_bytes = (width or old.size) * _FLOAT32 + PRINT_WIDTH + _LINKS
    return Facts(
        server=_server(view),
        items=items,
        width=old.size,
        text_characters=float(np.mean([len(text_of(each)) for each in contents] or [0])),
        old_bytes=items * (old.size * _FLOAT32 + _LINKS // 2),
        new_bytes=items * new_bytes,
        # What is carried, and a copy of what it was made from.
        carried_bytes=items * (2 * old.size * _FLOAT32 + new_bytes),
        missing=[*_missing(view, old, contents)],
        notes=[*_notes(view)],
    )


def _server(view: View) -> str:
    if view.client.local:
        return f"Qdrant's local mode {version('qdrant-client')}"
    return f"Qdrant {view.client.api.info().version}"


def _missing(view: View, old: models.VectorParams, contents: list[list[object]]) -> Iterator[str]:
    if old.distance != models.Distance.COSINE:
        yield (
            f"The old vectors must be compared by cosine, not {old.distance.value}: other "
            "distances do not rank as the forecast did."
        )
    if old.multivector_config is not None:
        yield "Each point must have one old vector, not several."
    for key, parts in zip(view.settings.content, zip(*contents, strict=True), strict=False):
        wrong: set[Any] = {type(part) for part in parts} - {str, int, type(None)}
        if wrong:
            names = ", ".join(sorted(each.__name__ for each in wrong))
            yield f"The payload's {key!r} must hold strings or whole numbers, not {names}."
    if not view.client.local:
        there = tuple(int(part) for part in view.client.api.info().version.split(".")[:2])
        if there < _OLDEST:
            wanted = ".".join(map(str, _OLDEST))
            yield f"The server must be of version {wanted} or later, to add vectors to points."


def _notes(view: View) -> Iterator[str]:
    yield (
        "An upsert replaces a whole point, so its new vector is made again even if the content is "
        "the same; set_payload and update_vectors leave it alone."
    )
    if view.client.local:
        yield (
            "The local mode lets in one process at a time and compares with every vector: workers "
            "and searches in several processes need a server."
        )
