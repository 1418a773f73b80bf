"""Too few of something to say much, or a sample that is not spread."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backfill.vectors.checks.registry import CHECKS, Finding
from backfill.vectors.reading import Reading
from backfill.vectors.sample import sample_of

_FEW_QUERIES = 30


@CHECKS.register("counts")
def counts(reading: Reading) -> Iterator[Finding]:
    """Pairs and queries, by their number."""
    new, old = reading.required("new"), reading.required("old")
    pairs, queries = reading.stored("pairs_old"), reading.stored("queries_old")
    count, of = (new.shape[0], "new") if pairs is None else (pairs.shape[0], "pairs_old")
    if count < old.shape[1]:
        yield Finding(
            "warning",
            f"{reading.name(of)}: {count:,} pairs to fit maps on are fewer than the "
            f"{old.shape[1]:,} dimensions of {reading.name('old')}: maps are shrunk, and get "
            "better with more",
        )
    if queries is not None and queries.shape[0] < _FEW_QUERIES:
        said = "one query is" if queries.shape[0] == 1 else f"{queries.shape[0]} queries are"
        yield Finding(
            "warning", f"{reading.name('queries_old')}: {said} too few to tell methods apart"
        )


@CHECKS.register("spread")
def spread(reading: Reading) -> Iterator[Finding]:
    """A sample drawn at random is spread over the gallery.

    The largest distance between its distribution and the uniform one exceeds 1.95 / sqrt(n) once
    in a thousand random samples (Kolmogorov and Smirnov).
    """
    rows, size = np.sort(sample_of(reading)), reading.required("old").shape[0]
    count = len(rows)
    distance = np.abs((rows + 0.5) / size - (np.arange(count) + 0.5) / count).max()
    if distance > 1.95 / np.sqrt(count):
        yield Finding(
            "warning",
            f"{reading.name('sample')}: its {count:,} rows are not spread over the gallery's "
            f"{size:,}, from {rows[0]:,} to {rows[-1]:,}: what is said of the whole gallery "
            "holds for a sample drawn at random",
        )
