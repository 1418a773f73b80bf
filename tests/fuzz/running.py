"""Runs inputs through a worker, one at a time; a worker that dies or hangs is a finding."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import psutil

from fuzz.outcomes import FINDING, SECONDS, Outcome

TESTS = Path(__file__).parents[1]
HANGS = 8  # times the bound on processor time, after which a reader has no answer
SLEEPS = 120.0  # seconds of wall time likewise; others may have the processor
GROWN = 1500.0  # MiB: a process that has grown so large hides what inputs take
AT_MOST = 4000  # inputs per process


class Known(NamedTuple):
    """What is known of a reader: its share of inputs, and its cases by number, from 1."""

    share: float
    cases: list[str]


class Worker:
    """A process that reads inputs, started again when it ends.

    Args:
        home: its folder.
        module: registers the readers.
        seconds: of processor time that an input may take.
    """

    def __init__(self, home: Path, module: str = "fuzz.readers", seconds: float = SECONDS) -> None:
        self.home = home
        self.module = module
        self.seconds = seconds
        self.readers: dict[str, Known] = {}
        self._process: subprocess.Popen[str] | None = None
        self._done = 0
        self._said = b""

    def __enter__(self) -> Worker:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def run(self, reader: str, number: int) -> Outcome:
        """Read one input."""
        if self._process is None:
            self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([reader, number]) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return self._ended(reader, number, "", self._end())
        title = self._answer(30 * SECONDS)
        if isinstance(title, str):
            return self._ended(reader, number, "", title)
        found = self._answer(HANGS * self.seconds)
        if isinstance(found, str):
            return self._ended(reader, number, title["title"], found)
        self._done += 1
        if found.pop("rss") > GROWN or self._done >= AT_MOST:
            self.stop()
        return Outcome(reader, number, title=title["title"], **found)

    def _start(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self._done, self._said = 0, b""
        one = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
        more = {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "MALLOC_ARENA_MAX": "2",
                "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}  # fmt: skip
        with (self.home / "stderr.txt").open("wb") as stderr:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "fuzz.worker",
                    str(self.home),
                    self.module,
                    str(self.seconds),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env=os.environ | one | more,
            )
        listed = self._answer(30 * SECONDS)
        if isinstance(listed, str):
            raise RuntimeError((self.home / "stderr.txt").read_text("utf-8", "replace"))
        self.readers = {name: Known(of[0], of[1:]) for name, of in listed.items()}

    def _answer(self, seconds: float) -> dict[str, Any] | str:
        """A line of JSON, or how the process ended; it may take so much processor time."""
        assert self._process is not None
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        begun, used = time.monotonic(), self._used()
        while b"\n" not in self._said:
            if select.select([pipe], [], [], 0.2)[0]:
                piece = os.read(pipe, 1 << 16)
                if not piece:
                    return self._end()
                self._said += piece
            elif self._used() - used > seconds:
                return f"no answer within {seconds:g} s"
            elif time.monotonic() - begun > SLEEPS:
                return f"no answer within {SLEEPS:g} s of wall time"
        line, _, self._said = self._said.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    def _used(self) -> float:
        """Processor time of the process so far."""
        assert self._process is not None
        try:
            times = psutil.Process(self._process.pid).cpu_times()
        except psutil.Error:  # it has just ended
            return 0.0
        return float(times.user + times.system)

    def _end(self) -> str:
        assert self._process is not None
        return f"the process died with {self._process.wait()}"

    def _ended(self, reader: str, number: int, title: str, how: str) -> Outcome:
        self.stop()
        said = (self.home / "stderr.txt").read_text("utf-8", "replace")[-3000:]
        return Outcome(reader, number, FINDING, how, 0.0, 0.0, title, said)
