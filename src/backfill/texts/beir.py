"""Files of texts in BEIR's layout: a JSON object per line, with `_id`, `text`, often `title`."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from backfill.errors import InputError
from backfill.reading.files import short
from backfill.vectors.lists.lines import Lines


class Item(NamedTuple):
    """One line.

    Attributes:
        id: the item's name.
        text: what a model reads: the title, if there is one, a space, and the text.
    """

    id: str
    text: str


class Stamp(NamedTuple):
    """What changes when somebody writes a file."""

    bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """The stamp of a file as it is now."""
        found = path.stat()
        return cls(found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, eq=False)
class Texts:
    """A file of texts, all of whose lines are right.

    Attributes:
        path: of the file, absolute.
        ids: N distinct names, in the order of the lines.
        empty: rows without any text.
        digest: hash of all bytes.
        stamp: size and time of the file that was read.
    """

    path: Path
    ids: list[str]
    empty: list[int]
    digest: str
    stamp: Stamp

    @classmethod
    def read(cls, path: Path) -> Texts:
        """Check every line; only ids are kept in memory.

        Args:
            path: of corpus.jsonl or queries.jsonl.

        Raises:
            InputError: the file cannot be read, a line is wrong, or an id is there twice.
        """
        path = Path(os.path.abspath(path))  # through no link: messages name what was given
        lines = opened(path)
        stamp = Stamp.of(path)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "blake2b").hexdigest()
        line_of: dict[str, int] = {}
        empty = []
        bar = tqdm(lines, desc=path.name, unit=" lines", disable=None, leave=False)
        for row, item in enumerate(bar):
            first = line_of.setdefault(item.id, row)
            if first != row:
                raise InputError(
                    f"{path}: expected each _id once, got {short(item.id)} in lines "
                    f"{first + 1} and {row + 1}"
                )
            if not item.text:
                empty.append(row)
        return cls(path, list(line_of), empty, digest, stamp)


def opened(path: Path) -> Lines:
    """The lines of a file as items, each read when it is asked for.

    Raises:
        InputError: the file cannot be read; when a line is read: it is no item.
    """
    return Lines(path, item_of)


def item_of(line: str) -> Item:
    """What a line says.

    Raises:
        ValueError: it is no JSON object with `_id` and `text`.
    """
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object with '_id' and 'text', got {line[:60]}")
    name = value.get("_id")
    if isinstance(name, int) and not isinstance(name, bool):
        name = str(name)
    if not isinstance(name, str) or not name or name != name.strip() or len(name.splitlines()) > 1:
        raise ValueError(f"_id: expected a name in one line, got {_shown(value, '_id')}")
    title = value.get("title") or ""
    if not isinstance(title, str):
        raise ValueError(f"title: expected a string, got {_shown(value, 'title')}")
    text = value.get("text")
    if not isinstance(text, str):
        raise ValueError(f"text: expected a string, got {_shown(value, 'text')}")
    for string in (name, title, text):
        string.encode()  # half of a surrogate pair is a ValueError
    return Item(name, f"{title} {text}".strip())


def _shown(value: dict[str, Any], key: str) -> str:
    return short(value[key]) if key in value else "none"
