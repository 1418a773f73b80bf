"""The engine that needs nothing: this process, one task after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from backfill.compute.engine import Peer, Result, Shared, Task


class Local:
    """This process; see :class:`backfill.compute.engine.Engine` for what the methods do."""

    def cut(self, count: int, multiple: int = 1) -> list[slice]:
        """All items in one chunk."""
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
        """Yield the results; each task starts when its result is asked for."""
        for task in tasks:
            yield function(shared, task)

    def together(
        self, function: Callable[[Shared, Peer], Result], shared: Shared, size: int, *, gpu: bool
    ) -> Result:
        """Run the function here; the settings allow no second process with this engine."""
        assert size == 1
        return function(shared, Peer(rank=0, size=1, address=""))


LOCAL = Local()
