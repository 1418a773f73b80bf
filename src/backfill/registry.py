"""Named implementations that register themselves: a new one is a new file in its package."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A read-only mapping from names to implementations, filled by a decorator.

    Args:
        package: dotted name of the package whose modules register themselves. They are imported
            when the registry is first read.
    """

    def __init__(self, package: str) -> None:
        self._package = package
        self._found: dict[str, T] = {}
        self._complete = False

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that registers what it decorates under `name`."""

        def add(item: T) -> T:
            assert name not in self._found, f"{name!r} is registered twice in {self._package}"
            self._found[name] = item
            return item

        return add

    def _all(self) -> dict[str, T]:
        if not self._complete:
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self._package}.{module.name}")
            self._complete = True
        return self._found

    def __getitem__(self, name: str) -> T:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._all()))

    def __len__(self) -> int:
        return len(self._all())
