"""Rows that cannot be used, and rows that are there twice."""

from __future__ import annotations

from collections.abc import Iterator

from backfill.arrays import Int64s
from backfill.vectors.checks.registry import CHECKS, Finding
from backfill.vectors.names import VECTORS
from backfill.vectors.reading import Reading
from backfill.vectors.scan import repeats, scan

_SHOWN = 3


@CHECKS.register("rows")
def rows(reading: Reading) -> Iterator[Finding]:
    """Every row of every file of vectors."""
    for name in VECTORS:
        found, array = scan(reading, name), reading.vectors(name)
        if found is None or array is None:
            continue
        file, size = reading.name(name), len(array)
        for bad, one, many in (
            (found.not_finite, "holds NaN or infinity", "hold NaN or infinity"),
            (found.zero, "is zero", "are zero"),
        ):
            if len(bad):
                what = one if len(bad) == 1 else many
                yield Finding(
                    "error",
                    f"{file}: {len(bad):,} of {size:,} rows {what}: {_first(bad)}; "
                    "embed them again, or leave them out of all files",
                )
        if len(found.not_finite) or len(found.zero):
            continue  # such rows are alike, and that is all
        count, shown = repeats(array, found.hashes, _SHOWN)
        if shown:
            copies = "is a copy of an earlier one" if count == 1 else "are copies of earlier ones"
            examples = ", ".join(f"row {row:,} is row {earlier:,}" for row, earlier in shown)
            yield Finding(
                "warning",
                f"{file}: {count:,} of {size:,} rows {copies}: {examples}"
                f"{', ...' if count > len(shown) else ''}",
            )


def _first(rows: Int64s) -> str:
    listed = ", ".join(f"{row:,}" for row in rows[:_SHOWN].tolist())
    return f"row{'s' * (len(rows) > 1)} {listed}{', ...' if len(rows) > _SHOWN else ''}"
