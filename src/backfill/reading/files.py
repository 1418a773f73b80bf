"""Files whose size is checked before anything is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from reprlib import Repr
from typing import Any

from backfill.errors import InputError

_SHOWN = 200  # characters of an error's text


def reason(error: BaseException) -> str:
    """What an error says, in one short line; its type if it says nothing."""
    text = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), "")
    return text[:_SHOWN].strip() or type(error).__name__


@contextmanager
def opened(path: Path, what: str) -> Iterator[tuple[BufferedReader, int]]:
    """Open a regular file to read; whatever goes wrong in the block is one error.

    Args:
        path: of the file; a folder, a pipe or a device is none.
        what: is expected, for messages.

    Yields:
        The file, and its size in bytes.

    Raises:
        InputError: the file cannot be read, or the block raises an error of any type.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise InputError(f"{path}: expected {what}, got no regular file")
        with path.open("rb") as file:
            yield file, os.fstat(file.fileno()).st_size
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: expected {what}, got no such file") from None
    except Exception as error:  # damaged files fail in many ways, with many types
        raise InputError(f"{path}: expected {what}, got: {reason(error)}") from error


def read_bytes(path: Path, what: str, most: int) -> bytes:
    """Read a whole file.

    Args:
        path: of the file.
        what: is expected, for messages.
        most: bytes that such a file can have.

    Raises:
        InputError: the file cannot be read, or is larger.
    """
    with opened(path, what) as (file, size):
        if size > most:
            raise InputError(f"{path}: expected {what} of at most {most:,} bytes, got {size:,}")
        return file.read(most)


def read_text(path: Path, what: str, most: int) -> str:
    """Read a whole file of UTF-8, with or without a byte order mark.

    Args:
        path: of the file.
        what: is expected, for messages.
        most: bytes that such a file can have.

    Raises:
        InputError: the file cannot be read, is larger, or is not UTF-8.
    """
    data = read_bytes(path, what, most)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x} at {error.start:,}"
        raise InputError(f"{path}: expected {what} in UTF-8, got {found}") from None


def short(value: Any) -> str:
    """A value as messages show it, whatever it is: cut to one short line."""
    shown = Repr()
    shown.maxlevel, shown.maxother, shown.maxstring = 2, 60, 60
    try:
        return shown.repr(value)[:_SHOWN]
    except ValueError:  # an integer with thousands of digits
        return f"a {type(value).__name__} that is too long to show"
