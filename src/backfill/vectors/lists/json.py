"""`.json`: a list of strings or numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backfill.errors import InputError
from backfill.vectors.lists.registry import LIST_FORMATS


@LIST_FORMATS.register(".json")
def json_list(path: Path, fields: Sequence[str]) -> Sequence[Any]:
    """Read a list.

    Raises:
        InputError: it is something else.
    """
    try:
        values = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected a JSON list, got: {error}") from None
    if not isinstance(values, list) or not values:
        got = f"{type(values).__name__}" if not isinstance(values, list) else "an empty one"
        raise InputError(f"{path}: expected a JSON list of strings or numbers, got {got}")
    for row, value in enumerate(values):
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise InputError(f"{path}: expected strings or numbers, got {value!r:.60} in row {row}")
    return values
