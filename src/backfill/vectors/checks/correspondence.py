"""Whether row i of an old file and row i of a new one are the same item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from backfill.arrays import Float64s, Floats, Int64s
from backfill.vectors.checks.registry import CHECKS, Finding
from backfill.vectors.neighbours import by_chance, shared
from backfill.vectors.pairing import both
from backfill.vectors.reading import Reading
from backfill.vectors.rows import Rows
from backfill.vectors.sample import sample_of

# Fewer rows say too little; more take too long.
_FEWEST, _MOST, _NEIGHBOURS = 50, 1000, 10
_STRETCHES = 8


class _Paired(NamedTuple):
    """Two files whose rows should belong together: row `rows[i]` of `old` and row i of `new`."""

    old: Floats
    new: Floats | Rows
    rows: Int64s
    names: tuple[str, str]


@CHECKS.register("correspondence")
def correspondence(reading: Reading) -> Iterator[Finding]:
    """Neighbours in one space should be neighbours in the other, far more often than by chance."""
    for paired in _all(reading):
        if len(paired.rows) < _FEWEST:
            continue
        one, other = (reading.name(name) for name in paired.names)
        kept = np.linspace(0, len(paired.rows) - 1, min(len(paired.rows), _MOST)).astype(np.int64)
        old, new = paired.old[paired.rows[kept]], paired.new[kept]
        if np.array_equal(old, new):
            yield Finding("warning", f"{one} and {other} hold the same vectors: nothing changes")
            continue
        found, chance = shared(old, new, _NEIGHBOURS), by_chance(old, new, _NEIGHBOURS)
        if found.mean() <= chance.max():
            sample = paired.names[0] == "old" and reading.folder.file("sample")
            yield Finding(
                "error",
                f"{one} and {other} do not belong together row by row: of {_NEIGHBOURS} nearest "
                f"neighbours among {len(kept):,} items {found.mean():.1%} are the same in both, of "
                f"items paired at random {chance.mean():.1%}. Are both"
                f"{f' and {sample.name}' if sample else ''} in the same order?",
            )
            continue
        yield from _stretches(paired, one, other, kept, found, float(chance.max()))


def _all(reading: Reading) -> Iterator[_Paired]:
    rows, old, new = sample_of(reading), reading.vectors("old"), reading.vectors("new")
    if old is not None and new is not None:
        yield _Paired(old, new, rows, ("old", "new"))
    for name in ("queries", "pairs"):
        if (pair := both(reading, name)) is not None:
            yield _Paired(*pair, np.arange(len(pair[0])), (f"{name}_old", f"{name}_new"))


def _stretches(
    paired: _Paired, one: str, other: str, kept: Int64s, found: Float64s, chance: float
) -> Iterator[Finding]:
    """A part of the rows that is paired by chance, or that fits better one row further."""
    shifted = {}
    for step in (-1, 1):
        rows = np.clip(kept + step, 0, len(paired.rows) - 1)
        shifted[step] = shared(paired.old[paired.rows[kept]], paired.new[rows], _NEIGHBOURS)
    for part in np.array_split(np.arange(len(kept)), _STRETCHES):
        where = f"{other}, rows {kept[part[0]]:,} to {kept[part[-1]]:,}: "
        for values in shifted.values():
            better = values[part] - found[part]
            if better.mean() > 4 * better.std() / np.sqrt(len(part)):
                yield Finding(
                    "error",
                    f"{where}they fit {one} better one row further: has a row been lost before "
                    "them, or come twice?",
                )
                return
        if found[part].mean() <= chance:
            yield Finding(
                "warning",
                f"{where}they share no more neighbours with what they are paired with in {one} "
                "than by chance, other rows do: are they in the same order?",
            )
            return
