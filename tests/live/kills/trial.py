"""One migration, with kills all along."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import psycopg

from backfill.errors import InputError
from backfill.live.databases.postgres.server import Server
from backfill.live.opened import Opened
from backfill.live.starting import start, write_known
from backfill.live.verifying import verify
from backfill.live.working import work
from live.kills.truth import check
from live.kills.writer import Writer, create

PER_KILL = 20  # items
LONGEST = 0.3  # seconds from when there was enough progress to the next kill
_PROGRESS_WITHIN = 20  # seconds
CHECKED_EVERY = 5  # kills
TARGETS = ("migrator", "worker", "server")

MIGRATION = """\
name: killed
database: {kind: postgres, url: "${KILLS_URL}", table: documents, content: body, patience: 30}
old: {provider: python, function: "live.kills.models:old"}
new: {provider: python, function: "live.kills.models:new"}
method: ridge
sample: 60
batch: 8
"""
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["live.kills.trial"])


@dataclass
class Outcome:
    """What a trial has seen.

    Attributes:
        kills: by what was killed.
        at: share of the items that was done, at each kill.
        checks: of everything, along the way.
        writes: of the application.
        items: at the end.
        seconds: that it took.
    """

    kills: Counter[str] = field(default_factory=Counter)
    at: list[float] = field(default_factory=list)
    checks: int = 0
    writes: int = 0
    items: int = 0
    seconds: float = 0.0


def trial(
    folder: Path, kills: int, seed: int = 0, told: Callable[[Outcome], None] = lambda _: None
) -> Outcome:
    """Migrate, kill, and check.

    Raises:
        AssertionError: something was lost, twice or stale, or answers were wrong.
    """
    started, outcome, rng = time.monotonic(), Outcome(), np.random.default_rng([seed, 2])
    # Without it the server would say that it has written what it loses when it is killed.
    with Server(synchronous_commit="on") as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("create database killed")
        url = os.environ["KILLS_URL"] = server.url("killed")
        file = folder / "migration.yaml"
        file.write_text(MIGRATION)
        writer = Writer(url, create(url, PER_KILL * kills), seed)
        writer.start()
        running = {name: _run(name, file) for name in ("migrator", "worker")}
        try:
            for number in range(kills):
                _wait(url, (number - kills // 10) / (0.9 * kills) * len(writer.expected))
                time.sleep(float(rng.uniform(0, LONGEST)))
                target = str(rng.choice(TARGETS))
                _kill(target, server, running, file)
                outcome.kills[target] += 1
                if number % CHECKED_EVERY == CHECKED_EVERY - 1:
                    outcome.at.append(_check(url, file, writer, running, number))
                    outcome.checks += 1
                    told(outcome)
            writer.stop()
        finally:
            for process in running.values():
                process.kill()
                process.join()
        _ended(url, file, writer, seed)
        outcome.checks += 1
        outcome.writes, outcome.items = writer.writes, len(writer.expected)
    outcome.seconds = time.monotonic() - started
    return outcome


def migrate(file: Path) -> None:
    """What `backfill start --follow` does."""
    opened = Opened.of(file)
    start(opened)
    write_known(opened)
    work(opened, follow=True)


def join(file: Path) -> None:
    """What a further worker does, once there is a migration."""
    opened = Opened.of(file)
    while opened.database.state().state.phase == "absent":
        time.sleep(0.05)
    work(opened, follow=True)


_DOES = {"migrator": migrate, "worker": join}


def _forever(name: str, file: str) -> None:
    """As a supervisor runs it: whatever ends it, it starts again."""
    while True:
        try:
            _DOES[name](Path(file))
        except InputError as error:
            print(f"{name}: {error}", flush=True)
        time.sleep(0.1)


def _run(name: str, file: Path) -> BaseProcess:
    process = CONTEXT.Process(target=_forever, args=(name, str(file)), daemon=True)
    process.start()
    return process


def _kill(target: str, server: Server, running: dict[str, BaseProcess], file: Path) -> None:
    if target == "server":
        server.kill()
        server.start()
        return
    running[target].kill()
    running[target].join()
    running[target] = _run(target, file)


def _wait(url: str, done: float) -> None:
    """Wait until so many items are done: kills are spread over the whole migration."""
    deadline = time.monotonic() + _PROGRESS_WITHIN
    with psycopg.connect(url, autocommit=True) as connection:
        while done > 0 and time.monotonic() < deadline:
            there = connection.execute("select to_regclass('backfill.killed_new')").fetchone()
            if there and there[0] is not None:
                row = connection.execute("select count(*) from backfill.killed_new").fetchone()
                if row and row[0] >= done:
                    return
            time.sleep(0.02)


def _check(
    url: str, file: Path, writer: Writer, running: dict[str, BaseProcess], number: int
) -> float:
    """Stop everybody, by SIGKILL as ever, and check; the share that is done."""
    with writer.paused:
        for process in running.values():
            process.kill()
            process.join()
        opened = Opened.of(file)
        done = check(opened, url, writer.expected, number)
        opened.close()
        for name in running:
            running[name] = _run(name, file)
        return done / len(writer.expected)


def _ended(url: str, file: Path, writer: Writer, seed: int) -> None:
    opened = Opened.of(file)
    start(opened)
    write_known(opened)
    assert work(opened).phase == "running"
    found = verify(opened)
    assert found.passed, found
    assert found.counts.orphans == found.counts.stale == found.found == 0
    assert check(opened, url, writer.expected, -seed) == len(writer.expected)
    with psycopg.connect(url) as connection:
        (rows,) = connection.execute('select count(*) from backfill."killed_new"').fetchone() or (
            0,
        )
    assert rows == len(writer.expected), "new vectors, each once"
    opened.close()
