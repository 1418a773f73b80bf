"""Finds image files, and names everything that is missing at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backfill.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass
class Listing:
    """Image files, each with the name of its class; plain strings, since there are millions."""

    paths: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self.paths, self.names, strict=True)

    def add(self, path: str, name: str) -> None:
        """Append one file and the name of its class."""
        self.paths.append(path)
        self.names.append(name)


def list_classes(folder: Path) -> Listing:
    """List `folder/<class>/<image>`, sorted by class and file name.

    Hidden files and folders are skipped, and so are files other than JPEG and PNG images.

    Raises:
        InputError: there are no such images.
    """
    listing = Listing()
    for name in _names(folder, folders=True):
        if not name.isprintable():  # bytes that are not UTF-8, or what would break a table
            shown = os.fsencode(name).decode("utf-8", "backslashreplace")
            raise InputError(
                f"{folder}: expected folders named by their class in UTF-8, got {shown!r}"
            )
        for image in list_images(folder / name):
            listing.add(image, name)
    if not listing:
        loose = len(list_images(folder)) if folder.is_dir() else 0
        found = f"{loose:,} images outside class folders" if loose else "no images"
        raise InputError(
            f"{folder}: expected <class>/<image> with {', '.join(SUFFIXES)}, got {found}"
        )
    return listing


def list_images(folder: Path) -> list[str]:
    """Return the paths of the images directly in `folder`, sorted by name, without hidden ones."""
    return [
        os.path.join(folder, name)
        for name in _names(folder, folders=False)
        if name.lower().endswith(SUFFIXES)
    ]


def walk_images(folder: Path) -> Iterator[str]:
    """Yield the paths of the images below `folder` at any depth, without hidden ones.

    Raises:
        InputError: a folder cannot be read, or links lead to it a second time.
    """
    yield from _walk(folder, set())


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[str]:
    images = list_images(folder)
    status = os.stat(folder)
    if (status.st_dev, status.st_ino) in seen:
        raise InputError(f"{folder}: expected each folder once, got one again, by a link")
    seen.add((status.st_dev, status.st_ino))
    yield from images
    for name in _names(folder, folders=True):
        yield from _walk(folder / name, seen)


def _names(folder: Path, folders: bool) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".")
                and (entry.is_dir() if folders else entry.is_file())
            )
    except OSError as error:
        raise InputError(f"{folder}: expected a readable folder, got {error.strerror}") from error


def require(*roots: tuple[Path, dict[str, str]]) -> None:
    """Check that files and folders exist.

    Args:
        roots: folders, each with what must be in it and what that holds. The key is a file name,
            or a folder name that ends in a slash, or several of these joined by ` or `, one of
            which is enough.

    Raises:
        InputError: names everything that is missing, in all roots.
    """
    mistakes = [mistake for root, expected in roots if (mistake := _missing(root, expected))]
    if mistakes:
        raise InputError("\n".join(mistakes))


def _missing(root: Path, expected: dict[str, str]) -> str:
    def exists(name: str) -> bool:
        path = root / name
        return path.is_dir() if name.endswith("/") else path.is_file()

    missing = [
        f"  {names}: {what}"
        for names, what in expected.items()
        if not any(exists(name) for name in names.split(" or "))
    ]
    if not missing:
        return ""
    if not root.is_dir():
        found = "no such folder"
    else:
        present = [*_names(root, folders=True), *_names(root, folders=False)]
        found = f"only {some(present)}" if present else "an empty folder"
    return "\n".join([f"{root}: expected the following, got {found}", *missing])


def find_one(root: Path, names: str) -> Path:
    """Return the first existing file of several, joined by ` or `, below `root`.

    Raises:
        InputError: none of them exists.
    """
    require((root, {names: "a file"}))
    return next(root / name for name in names.split(" or ") if (root / name).is_file())


def require_files(paths: Sequence[str], source: Path) -> None:
    """Check that the image files that `source` names exist.

    Raises:
        InputError: names those that do not.
    """
    require_all(paths, [path for path in paths if not os.path.isfile(path)], source, "images")


def require_all(named: Sequence[str], missing: Sequence[str], source: Path, what: str) -> None:
    """Check that nothing is missing of what a file names.

    Args:
        named: all that the file names.
        missing: what could not be found.
        source: the file.
        what: what the names stand for, in the plural.

    Raises:
        InputError: something is missing.
    """
    if missing:
        raise InputError(
            f"{source}: expected all {len(named):,} {what} that it names, "
            f"got {len(named) - len(missing):,}; missing: {some(missing)}"
        )


def some(names: Iterable[str], limit: int = 20) -> str:
    """Join names by commas; beyond `limit`, say only how many more there are."""
    every = list(names)
    more = f" and {len(every) - limit:,} more" if len(every) > limit else ""
    return ", ".join(every[:limit]) + more
