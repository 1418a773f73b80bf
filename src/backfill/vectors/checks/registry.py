"""Where checks of a folder register, and what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from backfill.registry import Registry
from backfill.vectors.reading import Reading

Level = Literal["error", "warning", "note"]


class Finding(NamedTuple):
    """One thing that a check has found.

    Attributes:
        level: error: nothing can be computed, or it would be wrong; warning: it can, and what is
            said here should be known; note: an assumption.
        message: what, in a sentence that names the file.
    """

    level: Level
    message: str


# A check may raise InputError: an error like those that it gives.
CHECKS: Registry[Callable[[Reading], Iterable[Finding]]] = Registry("backfill.vectors.checks")
