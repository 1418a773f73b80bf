"""A real Ray cluster on this machine, of two workers, for all tests of one folder."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from backfill.compute.on_ray import OnRay
from backfill.params import Compute

# All of these tests go to one worker of pytest, which starts the cluster once.
ON_RAY = pytest.mark.xdist_group("ray")
SETTINGS = Compute(engine="ray", workers=2)


@pytest.fixture(scope="session")
def engine() -> Iterator[OnRay]:
    with OnRay.connected(SETTINGS) as started:
        assert started.workers == 2
        yield started


def busy(function: str) -> list[psutil.Process]:
    """The cluster's processes that are at a task, or an actor's method, of this name."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if f"ray::{function}" in " ".join(process.info["cmdline"] or [])
    ]


@pytest.fixture
def kill_one() -> Iterator[Callable[[str], list[int]]]:
    """Kill one process soon after it is first seen at a function; its id is in what is returned."""
    killed: list[int] = []
    over = threading.Event()
    watching: list[threading.Thread] = []

    def watch(function: str) -> None:
        while not killed and not over.wait(0.005):
            for process in busy(function)[:1]:
                time.sleep(0.02)  # into the middle of its work
                os.kill(process.pid, signal.SIGKILL)
                killed.append(process.pid)

    def begin(function: str) -> list[int]:
        watching.append(threading.Thread(target=watch, args=(function,)))
        watching[-1].start()
        return killed

    yield begin
    over.set()
    for thread in watching:
        thread.join()
