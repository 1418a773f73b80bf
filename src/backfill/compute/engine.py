"""What an engine is, and the one that needs nothing: this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from backfill.params import Compute

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")


class Place(NamedTuple):
    """One of several processes that work together: which, of how many, and where they meet."""

    rank: int
    size: int
    meeting: str  # tcp://host:port, at the first of them


class Engine(Protocol):
    """Computes independent tasks."""

    def cut(self, count: int, multiple: int = 1) -> list[slice]:
        """Cut `count` items into as many parts as keep everyone busy, each of whole multiples."""
        ...

    def map(
        self,
        function: Callable[[Shared, Task], Result],
        shared: Shared,
        tasks: Sequence[Task],
        *,
        title: str,
        gpu: bool = False,
    ) -> Iterator[Result]:
        """Yield function(shared, task) for each task, in the order of the tasks.

        Args:
            function: of a module, not of another function.
            shared: what all tasks need; it travels once.
            tasks: small.
            title: shown beside a progress bar.
            gpu: whether a task wants a GPU to itself, where the engine has any.

        Raises:
            Exception: what the function raised.
        """
        ...

    def gang(
        self, function: Callable[[Shared, Place], Result], shared: Shared, size: int, *, gpu: bool
    ) -> Result:
        """Run function(shared, place) in `size` processes at once; return what the first returns.

        Where one of them dies, all begin again: the function is to go on from what it stored.

        Raises:
            InputError: there is no room for so many at once.
            Exception: what the function raised.
        """
        ...


class Local:
    """This process, one task after the other."""

    def cut(self, count: int, multiple: int = 1) -> list[slice]:
        """One part: see :class:`Engine`."""
        return [slice(0, count)]

    def map(
        self,
        function: Callable[[Shared, Task], Result],
        shared: Shared,
        tasks: Sequence[Task],
        *,
        title: str,
        gpu: bool = False,
    ) -> Iterator[Result]:
        """See :class:`Engine`; no task starts before its result is asked for."""
        for task in tasks:
            yield function(shared, task)

    def gang(
        self, function: Callable[[Shared, Place], Result], shared: Shared, size: int, *, gpu: bool
    ) -> Result:
        """See :class:`Engine`; params.yaml is checked to ask for one process, which is this."""
        assert size == 1
        return function(shared, Place(0, 1, ""))


LOCAL = Local()


def even_parts(count: int, parts: int, multiple: int = 1) -> list[slice]:
    """At most so many slices of 0..count, all but the last of the same whole multiples."""
    step = max(1, -(-count // (parts * multiple))) * multiple
    return [slice(first, min(first + step, count)) for first in range(0, count, step)]


@contextmanager
def start(settings: Compute) -> Iterator[Engine]:
    """The engine that params.yaml asks for, until the block ends.

    Raises:
        InputError: Ray is asked for and not installed, or its cluster does not answer.
    """
    if settings.engine == "local":
        yield LOCAL
        return
    from backfill.compute.on_ray import OnRay

    with OnRay.connected(settings) as engine:
        yield engine
