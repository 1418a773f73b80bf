"""A function in several processes of this machine, one task each."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from backfill.compute.engine import Result, Task

_PATIENCE = 5  # seconds that a process has to end


def side_by_side(
    function: Callable[[Task], Result], tasks: Sequence[Task], processes: int
) -> list[Result]:
    """Call function(task) for each task, each in a fresh process.

    Ctrl-C is for this process alone, which then ends the others.

    Args:
        function: a function of a module, or a part of one.
        tasks: what distinguishes them.
        processes: that run at a time.

    Returns:
        What the function returned, in the order of the tasks.

    Raises:
        Exception: whatever the function raised; other tasks are ended.
    """
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    try:
        with _interrupts_held():
            running = [pool.submit(function, task) for task in tasks]
        return [each.result() for each in running]
    except BaseException:
        started = set(multiprocessing.active_children()) - others
        for process in started:
            process.terminate()
        for process in started:
            process.join(_PATIENCE)
            process.kill()  # nothing happens to one that has ended
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C back until the block ends; processes that start in it never see one."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
