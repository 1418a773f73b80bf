"""Where formats of lists (ids, labels, texts, ...) register, by suffix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backfill.registry import Registry

# A path and the names of fields that may be meant give one value per row: strings or numbers.
ReadList = Callable[[Path, Sequence[str]], Sequence[Any]]
LIST_FORMATS: Registry[ReadList] = Registry("backfill.vectors.lists")
