"""How far a pass over the rows of a file has come."""

from __future__ import annotations

from tqdm import tqdm


def row_bar(total: int, title: str) -> tqdm[None]:
    """A progress bar for so many rows; only passes of more than two seconds show it."""
    return tqdm(total=total, desc=title, unit=" rows", leave=False, delay=2, disable=None)
