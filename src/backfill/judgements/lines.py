"""Lines of text files, with their numbers, from whatever holds them."""

from __future__ import annotations

import gzip
import io
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

from backfill.errors import InputError
from backfill.reading.files import opened, reason

Source: TypeAlias = str | os.PathLike[str] | IO[str] | IO[bytes]

# Longer lines are no lines of ids and numbers; a reader must not be made to hold them.
_LONGEST = 2**16
# Text that packs better is none of judgements, unless it is short.
_RATIO, _SHORT = 20, 1 << 21
_BLANK = 100_000  # lines in a row


def fields_of(source: Source) -> Iterator[tuple[str, list[str]]]:
    """Split each line that is not blank, at tabs if it has any, else at white space.

    Args:
        source: a path of a regular file, `.gz` or not; an open file, text or bytes; or the text
            itself, which is taken for one if it has a line break.

    Yields:
        Where the line is, `<file>, line <number>`, and its fields.

    Raises:
        InputError: the file cannot be read or is not UTF-8, or a line is longer than 65,536
            bytes.
    """
    name = name_of(source)
    try:
        with _opened(source) as (readline, most):
            number, read, last = 0, 0, 0
            while line := readline(_LONGEST):
                number, read = number + 1, read + len(line)
                if read > most:
                    raise InputError(f"{name}: expected text, got more than {most:,} bytes of it")
                where = f"{name}, line {number}"
                if len(line) == _LONGEST:
                    raise InputError(f"{where}: expected fewer than {_LONGEST} bytes")
                text = _text(name, line)
                text = text.strip("\ufeff \r\n")
                if text.strip():
                    last = number
                    yield where, text.split("\t") if "\t" in text else text.split()
                elif number - last > _BLANK:
                    raise InputError(f"{where}: expected text, got {_BLANK:,} blank lines")
    except InputError:
        raise
    except Exception as error:  # damaged archives and closed files fail in many ways
        raise InputError(f"{name}: expected a text file, got: {reason(error)}") from error


def _text(name: str, line: str | bytes) -> str:
    try:
        return line.decode("utf-8") if isinstance(line, bytes) else line
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected text in UTF-8, got: {reason(error)}") from None


def name_of(source: Source) -> str:
    """What messages call a source."""
    if isinstance(source, str) and "\n" in source:
        return "text"
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return str(getattr(source, "name", "stream"))


@contextmanager
def _opened(source: Source) -> Iterator[tuple[Callable[[int], str | bytes], float]]:
    """Yield what reads the next line, and how much it may; what the caller opened stays open."""
    if isinstance(source, str) and "\n" in source:
        yield io.StringIO(source).readline, math.inf
    elif isinstance(source, str | os.PathLike):
        path = Path(source)
        with opened(path, "a text file") as (file, size):
            if path.suffix == ".gz":
                with gzip.open(file) as unpacked:
                    yield unpacked.readline, _RATIO * size + _SHORT
            else:
                yield file.readline, math.inf
    elif hasattr(source, "readline"):
        yield source.readline, math.inf
    else:
        raise InputError(
            f"source: expected a path, an open file or text, got {type(source).__name__}"
        )
