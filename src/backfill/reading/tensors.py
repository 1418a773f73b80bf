"""Tensors and notes of a safetensors file."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from safetensors import safe_open

from backfill.errors import InputError
from backfill.reading.files import opened

_HEADER = 16 << 20


def read_tensors(path: Path, what: str, framework: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Read a whole safetensors file.

    Args:
        path: of the file.
        what: is expected, for messages.
        framework: whose tensors are returned, `pt` or `numpy`.

    Returns:
        The file's notes, and its tensors, both by name.

    Raises:
        InputError: the file is missing, damaged, or has a header of more than 16 MiB.
    """
    with opened(path, what) as (start, _):
        (length,) = struct.unpack("<Q", start.read(8))
        if length > _HEADER:
            raise InputError(
                f"{path}: expected {what}, got a header that announces {length:,} bytes"
            )
        with safe_open(path, framework=framework) as file:
            notes = dict(file.metadata() or {})
            return notes, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
