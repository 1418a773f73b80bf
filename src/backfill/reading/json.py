"""JSON objects of a bounded size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from backfill.errors import InputError
from backfill.reading.files import read_text, reason

_BYTES = 16 << 20
_CONTAINERS = 1 << 20


def read_object(path: Path, what: str) -> dict[str, Any]:
    """Read one JSON object.

    Args:
        path: of the file.
        what: is expected, for messages.

    Raises:
        InputError: the file is missing, too large, or not a JSON object.
    """
    text = read_text(path, what, _BYTES)
    # An empty list takes 2 bytes here and 56 in memory.
    if text.count("[") + text.count("{") > _CONTAINERS:
        raise InputError(f"{path}: expected {what}, got more than {_CONTAINERS:,} lists or objects")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{path}: expected {what}, got: {reason(error)}") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: expected {what}, a JSON object, got a {type(found).__name__}")
    return found
