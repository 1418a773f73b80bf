"""Which files of a user's folder this room has made, and from what; no other is ever replaced."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from backfill.artifacts import load_object, replacing
from backfill.errors import InputError


class Made:
    """A record beside the shards: of each file its key and size, once it is finished.

    Args:
        folder: the user's.
        path: of the record.

    Raises:
        InputError: the record is damaged.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        self._folder = folder
        self._path = path
        self._of: dict[str, dict[str, Any]] = {}
        if path.exists():
            what = "a record of the files that `backfill embed` made"
            self._of = load_object(path, what)
            if not all(isinstance(entry, dict) for entry in self._of.values()):
                raise InputError(f"{path}: expected {what}, got other JSON")

    def require_free(self, names: Iterable[str]) -> None:
        """Raise InputError if files that somebody else made have one of the names."""
        for name in names:
            for path in sorted(self._folder.glob(f"{name}.*")):
                if path.stem == name and not self._is_ours(path):
                    raise InputError(
                        f"{path}: expected no file of this name that `backfill embed` has not "
                        "made, got one; move it away"
                    )

    def has(self, file: str, key: str) -> bool:
        """Whether a file is finished, and made from this."""
        path, entry = self._folder / file, self._of.get(file, {})
        size = _size(path)
        return entry.get("key") == key and size is not None and entry.get("bytes") == size

    def write(self, file: str, key: str, write: Callable[[Path], None]) -> None:
        """Write a file, unless it is finished, and note what from."""
        if self.has(file, key):
            return
        self._note(file, {"key": key, "bytes": None})  # a process may die after the next line
        write(self._folder / file)
        self._note(file, {"key": key, "bytes": _size(self._folder / file)})

    def remove(self, file: str) -> None:
        """Remove a file, if it is one of these."""
        if file in self._of:
            (self._folder / file).unlink(missing_ok=True)
            self._note(file, None)

    def _is_ours(self, path: Path) -> bool:
        entry = self._of.get(path.name)
        return entry is not None and entry.get("bytes") in (None, _size(path))

    def _note(self, file: str, entry: dict[str, Any] | None) -> None:
        self._of = {name: of for name, of in self._of.items() if name != file}
        if entry is not None:
            self._of[file] = entry
        with replacing(self._path) as temporary:
            temporary.write_text(f"{json.dumps(self._of, indent=1)}\n")


def _size(path: Path) -> int | None:
    """Bytes of a file; None if there is none behind the name, as with a link to nothing."""
    try:
        return path.stat().st_size
    except OSError:
        return None
