"""Checkpoints of an encoder in training: written at once or not at all, and read without trust."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, cast

import torch

from backfill.artifacts import replacing
from backfill.errors import InputError
from backfill.reading.archive import BLOCK, open_archive

_DESCRIPTION = "data.pkl"
_LONGEST = 8 << 20  # bytes of it; that of a large network has 100,000


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint.

    Args:
        path: of the file.
        state: tensors, numbers and strings, in dictionaries and lists.

    Raises:
        InputError: the file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        remembering = _Remembering(file)
        try:
            torch.save(state, cast("IO[bytes]", remembering))
        except RuntimeError:  # of torch's own, whatever went wrong
            if remembering.failed is None:
                raise
            raise remembering.failed from None


def read(path: Path, device: torch.device) -> dict[str, Any] | None:
    """Read a checkpoint.

    Args:
        path: of the file.
        device: where its tensors go.

    Returns:
        The state; None if there is no such file, or it is damaged in any way.
    """
    try:
        with open_archive(path, "a checkpoint") as archive:
            for member in archive.infolist():
                if member.filename.endswith(_DESCRIPTION) and member.file_size > _LONGEST:
                    return None
                with archive.open(member) as file:
                    while file.read(BLOCK):  # at the end, its checksum: torch compares none
                        pass
        # weights_only reads tensors and plain containers and runs no code.
        state = torch.load(path, map_location=device, weights_only=True)
    except InputError:
        return None
    except Exception:  # a forged file fails in many ways, with many types
        return None
    return state if isinstance(state, dict) else None


class _Remembering:
    """A file to write that keeps the error which torch hides."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self.file.write(data)
        except OSError as error:
            self.failed = error
            raise

    def flush(self) -> None:
        self.file.flush()
