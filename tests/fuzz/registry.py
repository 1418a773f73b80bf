"""The readers that are fuzzed, and the hostile inputs that each of them has met or may meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from fuzz import arguments, trees

# Changes a valid input in a folder, in place.
Change = Callable[[Path], None]


@dataclass
class Reader:
    """Something that reads a user's files.

    Attributes:
        make: writes a small valid input into an empty folder.
        read: reads all of it; its own assertions say what a result has to be like.
        share: of all inputs, beside the other readers' shares.
        only: the files that are changed, as patterns; all by default.
        cases: hostile inputs by name, each a change of the valid one.
    """

    make: Callable[[Path], None]
    read: Callable[[Path], object]
    share: float = 1.0
    only: tuple[str, ...] = ("**/*",)
    cases: dict[str, Change] = field(default_factory=dict)
    _valid: trees.Tree | None = None

    @property
    def file_names(self) -> set[str]:
        """The names of a valid input's files; an error must have one of them in it."""
        return trees.names(self._valid or {})

    def write(self, folder: Path, name: str, number: int) -> str:
        """Write input `number` into an empty folder; 0 is valid, then come the cases.

        Returns:
            What it is.
        """
        if self._valid is None:
            self.make(folder)
            self._valid = trees.taken(folder)
            trees.clear(folder)
        if 0 < number <= len(self.cases):
            title, change = list(self.cases.items())[number - 1]
            trees.put(self._valid, folder)
            change(folder)
            return title
        if number == 0:
            trees.put(self._valid, folder)
            return "valid"
        random = Random(f"{name} {number}")
        tree, title = trees.changed(random, self._valid, self.only)
        trees.put(tree, folder)
        return title


@dataclass
class Call:
    """A public function, and arguments that are right.

    Attributes:
        function: is called with changed arguments.
        valid: makes arguments, the same each time.
        share: of all inputs, beside the other readers' shares.
        cases: hostile arguments by name, each in place of the valid ones of the same keyword.
    """

    function: Callable[..., object]
    valid: Callable[[], dict[str, Any]]
    share: float = 1.0
    cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    _given: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path, name: str, number: int) -> str:
        """Choose arguments, and write them down for people."""
        self._given = self.valid()
        title = "valid"
        if 0 < number <= len(self.cases):
            title, changes = list(self.cases.items())[number - 1]
            self._given |= changes
        elif number:
            title = arguments.change(Random(f"{name} {number}"), self._given)
        told = "\n".join(f"{key} = {value!r:.2000}" for key, value in self._given.items())
        (folder / "arguments.txt").write_text(told, "utf-8", "backslashreplace")
        return title

    def read(self, folder: Path) -> object:
        """Call the function with what `write` chose."""
        return self.function(**self._given)


READERS: dict[str, Reader | Call] = {}


def reader(
    name: str,
    make: Callable[[Path], None],
    *,
    share: float = 1.0,
    only: tuple[str, ...] = ("**/*",),
) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    """Return a decorator that registers a function which reads what `make` writes."""

    def add(read: Callable[[Path], object]) -> Callable[[Path], object]:
        assert name not in READERS, name
        READERS[name] = Reader(make, read, share, only)
        return read

    return add


def call(
    function: Callable[..., object],
    name: str = "",
    *,
    share: float = 1.0,
    **cases: dict[str, Any],
) -> Callable[[Callable[[], dict[str, Any]]], Callable[[], dict[str, Any]]]:
    """Return a decorator that registers a public function with what makes its arguments."""

    def add(valid: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        title = f"call {name or function.__qualname__}"
        assert title not in READERS, title
        READERS[title] = Call(function, valid, share, cases)
        return valid

    return add


def case(name: str, title: str) -> Callable[[Change], Change]:
    """Return a decorator that adds a hostile input of a reader."""

    def add(change: Change) -> Change:
        found = READERS[name]
        assert isinstance(found, Reader)
        assert title not in found.cases, title
        found.cases[title] = change
        return change

    return add


def cases(name: str, changes: dict[str, Change]) -> None:
    """Add hostile inputs of a reader."""
    for title, change in changes.items():
        case(name, title)(change)


def content(path: str, data: bytes | Callable[[], bytes]) -> Change:
    """The change that replaces a file's content, which a function may make when it is needed."""

    def change(folder: Path) -> None:
        (folder / path).write_bytes(data() if callable(data) else data)

    return change
