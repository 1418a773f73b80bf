"""`.json`: a list of strings or numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backfill.errors import InputError
from backfill.reading.files import read_text, reason, short
from backfill.vectors.lists.registry import LIST_FORMATS

_BYTES = 1 << 28
# Lists and objects take far more memory than these letters.
_BRACKETS = 1 << 20
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@LIST_FORMATS.register(".json")
def json_list(path: Path, fields: Sequence[str]) -> Sequence[Any]:
    """Read a list of at most 256 MiB.

    Raises:
        InputError: it is something else.
    """
    what = "a JSON list of strings or numbers"
    text = read_text(path, what, _BYTES)
    if _brackets(text) > _BRACKETS and _brackets(_STRING.sub("", text)) > _BRACKETS:
        raise InputError(f"{path}: expected {what}, got lists or objects")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected {what}, got: {reason(error)}") from None
    if not isinstance(values, list) or not values:
        got = f"{type(values).__name__}" if not isinstance(values, list) else "an empty one"
        raise InputError(f"{path}: expected {what}, got {got}")
    for row, value in enumerate(values):
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise InputError(f"{path}: expected {what}, got {short(value)} in row {row}")
        if isinstance(value, str) and not value.isascii():
            _require_whole(path, row, value)
    return values


def _brackets(text: str) -> int:
    return text.count("[") + text.count("{")


def _require_whole(path: Path, row: int, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{path}: expected UTF-8, got {error.reason} in row {row}") from None
