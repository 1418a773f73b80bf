"""Which file of a folder is meant by which name."""

from __future__ import annotations

import os
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

from backfill.errors import InputError
from backfill.reading.files import reason
from backfill.vectors.formats.registry import FORMATS
from backfill.vectors.lists.registry import LIST_FORMATS
from backfill.vectors.names import BEIR, LISTS, QRELS_FILES, QRELS_FOLDER, VECTORS


class Folder:
    """A user's folder.

    Args:
        path: of the folder.

    Raises:
        InputError: it is no folder that can be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        try:
            self._entries = sorted(
                entry for entry in self.path.iterdir() if not entry.name.startswith(".")
            )
        except (OSError, ValueError) as error:  # ValueError: a character 0 in its name
            raise InputError(
                f"{path}: expected a folder with old and new vectors, got: {reason(error)}"
            ) from None

    def file(self, name: str) -> Path | None:
        """The file of a name, or None.

        Raises:
            InputError: there are several, or it is none that can be read.
        """
        suffixes = list(FORMATS if name in VECTORS else LIST_FORMATS)
        found = self.named(name)
        if len(found) > 1:
            got = ", ".join(path.name for path in found)
            raise InputError(f"{self.path / name}: expected one file of this name, got {got}")
        if found and found[0].suffix not in suffixes:
            raise InputError(f"{found[0]}: expected {_listed(suffixes)}")
        if found and not os.path.isfile(found[0]):
            raise InputError(f"{found[0]}: expected a file, got something else")
        return found[0] if found else None

    def require(self, name: str) -> Path:
        """The file of a name.

        Raises:
            InputError: there is none, or it is not clear which.
        """
        found = self.file(name)
        if found is None:
            suffixes = list(FORMATS if name in VECTORS else LIST_FORMATS)
            kind = (VECTORS | LISTS)[name]
            near = get_close_matches(name, [path.stem for path in self.unread()], 1)
            raise InputError(
                f"{self.path / name}: expected {kind.holds} as {_listed(suffixes)}, got no such "
                "file"
                + (f"; is it {near[0]!r}?" if near else "")
                + ("; `backfill embed` makes it from texts" if self.beir("texts") else "")
            )
        return found

    def beir(self, name: str) -> Path | None:
        """The file of BEIR's layout with the texts of a name, or None."""
        path = self.path / BEIR[name]
        return path if path in self._entries else None

    def qrels(self) -> list[Path]:
        """The files with judgements.

        Raises:
            InputError: there are two forms of them.
        """
        inside = self._inside(self.path / QRELS_FOLDER)
        files = [path for path in self._entries if path.name in QRELS_FILES]
        if len(files) + bool(inside) > 1:
            got = [path.name for path in files] + [f"{QRELS_FOLDER}/"] * bool(inside)
            raise InputError(
                f"{self.path / QRELS_FOLDER}: expected one source of judgements, got "
                f"{', '.join(got)}"
            )
        return files or inside

    def _inside(self, folder: Path) -> list[Path]:
        if folder not in self._entries:
            return []
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            raise InputError(
                f"{folder}: expected a folder with judgements, got: {error.strerror}"
            ) from None
        return [folder / name for name in names if name.endswith(".tsv") and name[0] != "."]

    def unread(self) -> list[Path]:
        """Files that no name stands for."""
        known = {*BEIR.values(), *QRELS_FILES, QRELS_FOLDER}
        names = {*VECTORS, *LISTS}
        return [p for p in self._entries if p.name not in known and p.stem not in names]

    def named(self, name: str) -> list[Path]:
        """All files of a name, whatever their suffixes."""
        return [path for path in self._entries if path.stem == name and path.suffix]


def _listed(suffixes: Collection[str]) -> str:
    *others, last = suffixes
    return f"{', '.join(others)} or {last}"
