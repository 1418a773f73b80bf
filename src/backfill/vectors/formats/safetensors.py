"""`.safetensors`: its one tensor, or the only one with two dimensions."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
from safetensors import SafetensorError, safe_open

from backfill.arrays import Floats
from backfill.errors import InputError
from backfill.reading.files import opened, reason, short
from backfill.vectors.formats.registry import FORMATS, Stored, blocks_of, checked_shape

_FLOATS = {"F16": np.float16, "F32": np.float32, "F64": np.float64}
_LONGEST = 1 << 20  # bytes of a header; those of vectors have a few hundred
_BFLOAT16 = "BF16"


@FORMATS.register(".safetensors")
def safetensors(path: Path) -> Stored:
    """Open a tensor where it lies; bfloat16 becomes float32 in a copy.

    Raises:
        InputError: it is no such file, or it is not clear which tensor is meant.
    """
    described, begin = _header(path)
    try:
        with safe_open(path, framework="numpy") as file:  # checks the header against the file
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(f"{path}: expected a safetensors file, got: {reason(error)}") from None
    chosen = [name for name, shape in shapes.items() if len(shape) == 2 or len(shapes) == 1]
    if len(chosen) != 1:
        shown = list(shapes.items())[:10]
        got = ", ".join(f"{name[:60]} {short(shape)}" for name, shape in shown)
        raise InputError(f"{path}: expected one 2-D tensor, got {got or 'no tensor'}")
    tensor = described[chosen[0]]
    shape = checked_shape(path, shapes[chosen[0]])
    offset = begin + int(tensor["data_offsets"][0])
    kind = str(tensor["dtype"])
    if kind == _BFLOAT16:
        halves = np.memmap(path, "<u2", "r", offset, shape)
        return Stored(shape, np.dtype(np.float32), None, lambda: _widened(halves))
    if kind not in _FLOATS:
        raise InputError(f"{path}: expected F16, F32, F64 or BF16, got {kind}")
    dtype = np.dtype(_FLOATS[kind])
    mapped = np.memmap(path, dtype.newbyteorder("<"), "r", offset, shape)
    return Stored(shape, dtype, cast("Floats", mapped), lambda: blocks_of(mapped))


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """What the file says of its tensors, and where their data begin."""
    with opened(path, "a safetensors file") as (file, _):
        (length,) = struct.unpack("<Q", file.read(8))
        if length > _LONGEST:
            raise ValueError(f"a header of {length:,} bytes")
        return json.loads(file.read(length)), 8 + length


def _widened(halves: Any) -> Iterator[Floats]:
    """Float32 from bfloat16: the same number with 16 more bits, all zero."""
    for block in blocks_of(halves):
        yield (block.astype(np.uint32) << 16).view(np.float32)
