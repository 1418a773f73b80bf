"""Files under each other's names: queries for gallery, old for new."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backfill.vectors.checks.registry import CHECKS, Finding
from backfill.vectors.formats.registry import spread
from backfill.vectors.neighbours import unit
from backfill.vectors.reading import Reading
from backfill.vectors.scan import Scan, scan

_QUERIES, _ITEMS = 200, 5000
_SPACES = (("queries_old", "old", "new"), ("queries_new", "new", "old"))


@CHECKS.register("sides")
def sides(reading: Reading) -> Iterator[Finding]:
    """Queries belong to the space of their own gallery, and are fewer than it."""
    if reading.stored("queries_old") is None:
        return
    yield from _more_queries(reading)
    if reading.stored("queries_new") is None:
        return
    for name, own, other in _SPACES:
        queries, one, two = (scan(reading, of) for of in (name, own, other))
        if queries is None or one is None or two is None:
            continue
        widths = {reading.required(of).shape[1] for of in (name, own, other)}
        mine, others = _found(queries, one), _found(queries, two) if len(widths) == 1 else 0
        if others > mine:
            yield Finding(
                "error",
                f"{reading.name(name)}: {others:,} of {len(queries.hashes):,} rows are rows of "
                f"{reading.name(other)}, {mine:,} of {reading.name(own)}: are the queries' old and "
                "new vectors swapped, or the gallery's?",
            )
        elif len(widths) == 1 and _closer(reading, name, other, own):
            yield Finding(
                "error",
                f"{reading.name(name)}: its rows are more similar to those of "
                f"{reading.name(other)} than to those of {reading.name(own)}: are the queries' "
                "old and new vectors swapped, or the gallery's?",
            )
        elif mine:
            yield Finding(
                "warning",
                f"{reading.name(name)}: {mine:,} of {len(queries.hashes):,} rows "
                f"{'is also a row' if mine == 1 else 'are also rows'} of {reading.name(own)}: such "
                "a query finds its own copy first",
            )


def _more_queries(reading: Reading) -> Iterator[Finding]:
    queries, items = (reading.required(name).shape[0] for name in ("queries_old", "old"))
    if queries > items:
        yield Finding(
            "warning",
            f"{reading.name('queries_old')} has {queries:,} rows and {reading.name('old')} "
            f"{items:,}, fewer: are queries and gallery swapped?",
        )


def _found(queries: Scan, gallery: Scan) -> int:
    return int(np.isin(queries.hashes, gallery.hashes).sum())


def _closer(reading: Reading, name: str, other: str, own: str) -> bool:
    """Whether queries are nearer to another space's items than to those of their own."""
    queries, gallery, strange = (reading.vectors(of) for of in (name, own, other))
    assert queries is not None
    assert gallery is not None
    assert strange is not None
    few = unit(spread(queries, _QUERIES))
    at_home, abroad = (
        (few @ unit(spread(array, _ITEMS)).T).max(axis=1) for array in (gallery, strange)
    )
    # Chance would have it nearly half the time, were both spaces equally near.
    return float((abroad > at_home).mean()) > 0.75
