"""Whether row i of an old file and row i of a new one are the same item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from backfill.arrays import Float64s, Floats, Int64s
from backfill.vectors.checks.registry import CHECKS, Finding
from backfill.vectors.formats.registry import taken
from backfill.vectors.neighbours import by_chance, shared
from backfill.vectors.pairing import both
from backfill.vectors.reading import Reading
from backfill.vectors.rows import Rows
from backfill.vectors.sample import sample_of

# Fewer rows say too little; more take too long.
_FEWEST, _MOST, _NEIGHBOURS = 50, 1000, 10
# A stretch of rows is an eighth of them, or 30 if that is more.
_STRETCHES, _SHORTEST = 8, 30


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
        old, new = taken(paired.old, paired.rows[kept]), taken(paired.new, kept)
        if np.array_equal(old, new):
            yield Finding("warning", f"{one} and {other} hold the same vectors: nothing changes")
            continue
        found, names = shared(old, new, _NEIGHBOURS), (one, other)
        if shift := _shifted(paired, names, kept, old, found):
            yield shift
        else:
            yield from _unpaired(
                reading, paired, names, kept, found, by_chance(old, new, _NEIGHBOURS)
            )


def _all(reading: Reading) -> Iterator[_Paired]:
    rows, old, new = sample_of(reading), reading.vectors("old"), reading.vectors("new")
    if old is not None and new is not None:
        yield _Paired(old, new, rows, ("old", "new"))
    for name in ("queries", "pairs"):
        if (pair := both(reading, name)) is not None:
            yield _Paired(*pair, np.arange(len(pair[0])), (f"{name}_old", f"{name}_new"))


def _shifted(
    paired: _Paired, names: tuple[str, str], kept: Int64s, old: Floats, found: Float64s
) -> Finding | None:
    """A stretch of rows that fits better one row further; its gain is 4 standard errors."""
    for step in (-1, 1):
        rows = np.clip(kept + step, 0, len(paired.rows) - 1)
        moved = shared(old, taken(paired.new, rows), _NEIGHBOURS)
        for part in _stretches(kept):
            better = moved[part] - found[part]
            if better.mean() > 4 * better.std() / np.sqrt(len(part)):
                return Finding(
                    "error",
                    f"{_where(names[1], kept[part])}: they fit {names[0]} better one row further: "
                    "has a row been lost before them, or come twice?",
                )
    return None


def _unpaired(
    reading: Reading,
    paired: _Paired,
    names: tuple[str, str],
    kept: Int64s,
    found: Float64s,
    chance: Float64s,
) -> Iterator[Finding]:
    """Rows, all or a stretch of them, that share no more neighbours than by chance."""
    one, other = names
    if found.mean() <= chance.max():
        sample = paired.names[0] == "old" and reading.folder.file("sample")
        yield Finding(
            "error",
            f"{one} and {other} do not belong together row by row: of {_NEIGHBOURS} nearest "
            f"neighbours among {len(kept):,} items {found.mean():.1%} are the same in both, of "
            f"items paired at random {chance.mean():.1%}. Are both"
            f"{f' and {sample.name}' if sample else ''} in the same order?",
        )
        return
    for part in _stretches(kept):
        if found[part].mean() <= chance.max():
            yield Finding(
                "warning",
                f"{_where(other, kept[part])}: they share no more neighbours with what they are "
                f"paired with in {one} than by chance, other rows do: are they in the same order?",
            )
            return


def _stretches(kept: Int64s) -> list[Int64s]:
    return np.array_split(np.arange(len(kept)), min(_STRETCHES, len(kept) // _SHORTEST))


def _where(file: str, rows: Int64s) -> str:
    return f"{file}, rows {rows[0]:,} to {rows[-1]:,}"
