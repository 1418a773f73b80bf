"""Lines of text files, with their numbers, from whatever holds them."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

from backfill.errors import InputError

Source: TypeAlias = str | os.PathLike[str] | IO[str] | IO[bytes]

# Longer lines are no lines of ids and numbers; a reader must not be made to hold them.
_LONGEST = 2**16


def fields_of(source: Source) -> Iterator[tuple[str, list[str]]]:
    """Split each line that is not blank, at tabs if it has any, else at white space.

    Args:
        source: a path, `.gz` or not; an open file, text or bytes; or the text itself, which is
            taken for one if it has a line break.

    Yields:
        Where the line is, `<file>, line <number>`, and its fields.

    Raises:
        InputError: the file cannot be read or is not UTF-8, or a line is longer than 65,536
            bytes.
    """
    name = name_of(source)
    try:
        with _opened(source) as readline:
            number = 0
            while line := readline(_LONGEST):
                number += 1
                where = f"{name}, line {number}"
                if len(line) == _LONGEST:
                    raise InputError(f"{where}: expected fewer than {_LONGEST} bytes")
                text = line.decode("utf-8") if isinstance(line, bytes) else line
                text = text.strip("\ufeff \r\n")
                if text.strip():
                    yield where, text.split("\t") if "\t" in text else text.split()
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: expected text in UTF-8, got: {error}") from error
    except FileNotFoundError:
        raise InputError(f"{name}: expected a text file, got no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{name}: expected a readable text file, got: {error}") from error


def name_of(source: Source) -> str:
    """What messages call a source."""
    if isinstance(source, str) and "\n" in source:
        return "text"
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return str(getattr(source, "name", "stream"))


@contextmanager
def _opened(source: Source) -> Iterator[Callable[[int], str | bytes]]:
    """Yield what reads the next line; what the caller opened stays open."""
    if isinstance(source, str) and "\n" in source:
        yield io.StringIO(source).readline
    elif isinstance(source, str | os.PathLike):
        opened = gzip.open if Path(source).suffix == ".gz" else open
        with opened(source, "rb") as file:
            yield file.readline
    else:
        yield source.readline
