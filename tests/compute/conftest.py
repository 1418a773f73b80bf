"""A real Ray cluster of two workers on this machine, shared by all tests of this folder."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from backfill.compute.on_ray import OnRay
from backfill.params import Compute

# One worker of pytest runs all these tests, so the cluster starts once.
ON_RAY = pytest.mark.xdist_group("ray")
SETTINGS = Compute(engine="ray", workers=2)


@pytest.fixture(scope="session")
def engine() -> Iterator[OnRay]:
    with OnRay.connected(SETTINGS) as started:
        assert started.workers == 2
        yield started


def busy(function: str) -> list[psutil.Process]:
    """The processes of the cluster that run a task, or a method of an actor, of this name."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if f"ray::{function}" in " ".join(process.info["cmdline"] or [])
    ]


@pytest.fixture
def kill_one() -> Iterator[Callable[[str], list[int]]]:
    """Kill one process soon after it is first seen running a function.

    The list that is returned receives its process id.
    """
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
