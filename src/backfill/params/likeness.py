"""`like`: a row that is another one with some keys changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backfill.params.mistakes import Mistake, nearest

# What says how a method is shown is its own.
_NOT_INHERITED = ("panel", "label")


def resolve(raws: Mapping[str, Any], sections: tuple[str, ...]) -> Iterator[Mistake]:
    """Replace each row with a key `like` by the row that it names and its own keys on top.

    A key set to null takes the other row's value away.

    Args:
        raws: parsed files by name, the ones that are built upon first; changed in place.
        sections: keys of a file that hold rows by name.
    """
    for section in sections:
        known: dict[str, Any] = {}
        for file, raw in raws.items():
            rows = raw.get(section) if isinstance(raw, dict) else None
            if not isinstance(rows, dict):
                continue
            for name, row in rows.items():
                if isinstance(row, dict) and "like" in row:
                    own = {key: value for key, value in row.items() if key != "like"}
                    base = known.get(row["like"]) if isinstance(row["like"], str) else None
                    if base is None:
                        text = f"expected a row above it, got {row['like']!r}"
                        near = nearest(str(row["like"]), known)
                        yield Mistake(file, f"{section}.{name}.like", f"{text}{near}")
                    merged = {k: v for k, v in (base or {}).items() if k not in _NOT_INHERITED}
                    row = {k: v for k, v in (merged | own).items() if v is not None}
                    rows[name] = row
                if isinstance(row, dict):
                    known[name] = row
