"""Files that no name stands for."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from backfill.vectors.checks.registry import CHECKS, Finding
from backfill.vectors.formats.registry import FORMATS
from backfill.vectors.names import LISTS, VECTORS
from backfill.vectors.reading import Reading


@CHECKS.register("unread")
def unread(reading: Reading) -> Iterator[Finding]:
    """Each file that looks as if it should be read."""
    for path in reading.folder.unread():
        near = get_close_matches(path.stem, [*VECTORS, *LISTS, "qrels"], 1)
        if path.suffix in FORMATS or near:
            hint = f"; is it {near[0]!r}?" if near else ""
            yield Finding("warning", f"{path.name} is not read: no such name is known{hint}")
