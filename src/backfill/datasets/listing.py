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
    """Image files, each with the name of its class; plain strings, as there are millions."""

    paths: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self.paths, self.names, strict=True)

    def add(self, path: str, name: str) -> None:
        """Append one file."""
        self.paths.append(path)
        self.names.append(name)


def list_classes(folder: Path) -> Listing:
    """List ``folder/<class>/<image>``, classes and files by name.

    Files other than JPEG and PNG images, and all that is hidden, are skipped. Raises
    :class:`InputError` if there is no such image.
    """
    listing = Listing()
    for name in _names(folder, folders=True):
        for image in list_images(folder / name):
            listing.add(image, name)
    if not listing:
        loose = len(list_images(folder)) if folder.is_dir() else 0
        found = f"{loose:,} images outside folders of classes" if loose else "no image"
        raise InputError(
            f"{folder}: found {found}, expected <class>/<image> with {', '.join(SUFFIXES)}"
        )
    return listing


def list_images(folder: Path) -> list[str]:
    """The paths of all images right in ``folder``, by name, none hidden."""
    return [
        os.path.join(folder, name)
        for name in _names(folder, folders=False)
        if name.lower().endswith(SUFFIXES)
    ]


def walk_images(folder: Path) -> Iterator[str]:
    """The paths of all images below ``folder``, at any depth, by name, none hidden."""
    yield from list_images(folder)
    for name in _names(folder, folders=True):
        yield from walk_images(folder / name)


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
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from error


def require(*roots: tuple[Path, dict[str, str]]) -> None:
    """Raise one :class:`InputError` that names all that these roots lack.

    Each root comes with what belongs below it and what that holds: the name of a file, of a
    folder with a slash at the end, or several places joined by `` or `` of which one is enough.
    """
    mistakes = [mistake for root, expected in roots if (mistake := _lacks(root, expected))]
    if mistakes:
        raise InputError("\n".join(mistakes))


def _lacks(root: Path, expected: dict[str, str]) -> str:
    def there(name: str) -> bool:
        path = root / name
        return path.is_dir() if name.endswith("/") else path.is_file()

    missing = [
        f"  {names}: {what}"
        for names, what in expected.items()
        if not any(there(name) for name in names.split(" or "))
    ]
    if not missing:
        return ""
    if not root.is_dir():
        found = "no such folder"
    else:
        found = some([*_names(root, folders=True), *_names(root, folders=False)]) or "nothing"
    return "\n".join([f"{root}: found {found}; missing", *missing])


def find_one(root: Path, names: str) -> Path:
    """The first that is there of several places, joined by `` or ``, below a root.

    Raises :class:`InputError` if none is.
    """
    require((root, {names: "a file"}))
    return next(root / name for name in names.split(" or ") if (root / name).is_file())


def require_files(paths: Sequence[str], source: Path) -> None:
    """Raise one :class:`InputError` if files that ``source`` names are not there."""
    missing = [path for path in paths if not os.path.isfile(path)]
    if missing:
        raise InputError(
            f"{source}: names {len(paths):,} images, of which {len(missing):,} are not there: "
            f"{some(missing)}"
        )


def some(names: Iterable[str], limit: int = 20) -> str:
    """The names in a row; of more than ``limit``, the first and how many are left."""
    every = list(names)
    left = f" and {len(every) - limit:,} more" if len(every) > limit else ""
    return ", ".join(every[:limit]) + left
