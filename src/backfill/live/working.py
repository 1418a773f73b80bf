"""Workers of one machine: this process alone, or several on Ray."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from backfill.compute import start
from backfill.live import aside
from backfill.live.opened import Opened, serving_of
from backfill.live.pace import Pace
from backfill.live.spending import Budget
from backfill.live.terms import State
from backfill.live.worker import Worker


class _Job(NamedTuple):
    file: Path
    workers: int
    rate: float | None
    follow: bool


def work(
    opened: Opened, *, workers: int = 1, rate: float | None = None, follow: bool = False
) -> State:
    """Embed what waits.

    Args:
        opened: the migration, which was started.
        workers: processes; more than one on Ray.
        rate: most items per second of all of them together; None: the file's.
        follow: go on when nothing waits.

    Returns:
        The state in which it ended.

    Raises:
        InputError: the database does not answer any more, or Ray does not start.
    """
    rate = opened.migration.rate if rate is None else rate
    if workers == 1:
        return _one(opened, (0, 1), rate, follow=follow, bar=True)
    from backfill.params import Compute

    job = _Job(opened.migration.file, workers, rate, follow)
    with start(Compute(engine="ray", workers=workers)) as engine:
        for _ in engine.map(_of_many, job, range(workers), title="workers"):
            pass
    return opened.database.state().state


def _of_many(job: _Job, number: int) -> None:
    opened = Opened.of(job.file)
    try:
        rate = None if job.rate is None else job.rate / job.workers
        _one(opened, (number, job.workers), rate, follow=job.follow, bar=False)
    finally:
        opened.close()


def _one(
    opened: Opened, part: tuple[int, int], rate: float | None, *, follow: bool, bar: bool
) -> State:
    migration, database = opened.migration, opened.database
    counts = database.counts()
    batch = migration.batch if rate is None else min(migration.batch, max(1, math.ceil(rate)))
    with tqdm(
        total=counts.items,
        initial=counts.done,
        desc=migration.name,
        unit=" items",
        disable=None if bar else True,
    ) as shown:
        worker = Worker(
            database,
            opened.new,
            serving_of(migration, database.state().state),
            batch=batch,
            part=part,
            pace=Pace(rate),
            budget=Budget(migration.price, migration.cap),
            progress=shown.update,
            follow=follow,
            most_aside=aside.most(counts.items),
            embed_empty=migration.embed_empty,
        )
        return worker.run()
