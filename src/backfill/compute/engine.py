"""What an engine is: something that runs functions, near or far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")


class Peer(NamedTuple):
    """One of several processes that work together.

    Attributes:
        rank: number of this process, from 0.
        size: number of processes.
        address: where they meet: tcp://host:port on the machine of process 0, or file://path if
            all are on one; empty for one alone.
    """

    rank: int
    size: int
    address: str


class Engine(Protocol):
    """Runs independent tasks, or one function in several processes at once."""

    def cut(self, count: int, multiple: int = 1) -> list[slice]:
        """Cut `count` items into enough chunks to keep every worker busy.

        Args:
            count: number of items.
            multiple: the size of every chunk but the last is a multiple of this.

        Returns:
            Consecutive slices of 0..count.
        """
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
            function: a function of a module, not one defined inside another function.
            shared: what all tasks need; it travels once.
            tasks: what distinguishes them; small.
            title: shown beside a progress bar.
            gpu: whether each task needs a GPU to itself; ignored if the engine has none.

        Raises:
            Exception: whatever the function raised.
        """
        ...

    def together(
        self, function: Callable[[Shared, Peer], Result], shared: Shared, size: int, *, gpu: bool
    ) -> Result:
        """Run function(shared, peer) in `size` processes at once.

        If one of them dies, all start again: the function must continue from what it has stored.

        Args:
            function: a function of a module; it is told which of the processes it runs in.
            shared: what all processes need.
            size: number of processes.
            gpu: whether each process needs a GPU to itself; ignored if the engine has none.

        Returns:
            What the function returned in process 0.

        Raises:
            InputError: the engine has no room for so many processes at once.
            Exception: whatever the function raised.
        """
        ...


def even_chunks(count: int, chunks: int, multiple: int = 1) -> list[slice]:
    """Cut 0..count into slices of one size, of which only the last may be shorter.

    Args:
        count: number of items.
        chunks: the largest number of slices.
        multiple: the size is a multiple of this.

    Returns:
        Consecutive slices.
    """
    step = max(1, -(-count // (chunks * multiple))) * multiple
    return [slice(first, min(first + step, count)) for first in range(0, count, step)]
