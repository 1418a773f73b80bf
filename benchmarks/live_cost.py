"""What a live migration in PostgreSQL costs: writes, searches, memory.

    python benchmarks/live_cost.py --report benchmarks/live_cost.md

In one run, on one server: the rate of a backfill against a plain insert of the same vectors into a
table with the same index, before and after it; the median of searches along the way against the old
system's, and after finishing against a fresh index of the same vectors; the memory of the process
that migrates, for galleries of two sizes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import psycopg
import typer

from backfill import machine
from backfill.align.maps import unit
from backfill.arrays import Float32s
from backfill.artifacts import replacing
from backfill.live import Router, Vectors
from backfill.live.databases.postgres.server import Server
from backfill.live.ending import finish
from backfill.live.opened import Opened
from backfill.live.starting import start
from backfill.live.worker import Worker

OLD, NEW, TOPICS, NOISE = 384, 768, 200, 0.6
QUERIES, BATCH, K = 200, 64, 10
SHARES = (0.25, 0.5, 0.75)
SMALL, LARGE, NARROW = 20_000, 200_000, 32  # galleries of which memory is compared

FILE = """\
name: cost
database: {{kind: postgres, url: "${{COST_URL}}", table: {table}, content: body}}
new: {{provider: python, function: "live_cost:new", folder: {folder}, dimensions: {width}}}
method: {method}
sample: 200
batch: {batch}
"""


def main(
    items: Annotated[int, typer.Option(help="of the gallery")] = 20_000,
    memory: Annotated[bool, typer.Option(help="measure memory, too")] = True,
    report: Annotated[Path | None, typer.Option(help="to be written")] = None,
) -> None:
    """Measure, and print a report."""
    lines = []
    # As a server runs, but for the disk: nothing is synced.
    with Server(synchronous_commit="on", shared_buffers="1GB") as server:
        os.environ["COST_URL"] = server.url()
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("create extension vector")
            lines += _times(connection, items)
    if memory:
        lines += _memory()
    text = "\n".join(lines) + "\n"
    print(text)
    if report is not None:
        with replacing(report) as temporary:
            temporary.write_text(_HEAD.format(items=items, machine=machine.described()) + text)


_HEAD = """\
# The cost of a live migration

`python benchmarks/live_cost.py --items {items} --report benchmarks/live_cost.md`, on {machine}.
PostgreSQL 18.6 with pgvector 0.8.6 on loopback, nothing synced to disk. {items:,} items of 384 and
768 dimensions, HNSW with m = 16, ef_construction = 64, ef_search = 40; one process. The vectors are
there, so that no model takes time.

| what | measured | reference | measured | ratio |
| --- | --- | --- | --- | --- |
"""


def vectors(rows: np.ndarray, width: int) -> Float32s:
    """Vectors of rows by number, in clusters: the same row gives the same vector."""
    centres = np.random.default_rng(1).normal(size=(TOPICS, width))
    found = np.empty((len(rows), width), np.float32)
    for place, row in enumerate(rows):
        noise = np.random.default_rng([int(row), width]).normal(size=width)
        found[place] = centres[int(row) % TOPICS] + NOISE * noise
    return unit(found)


_CACHE: dict[int, Float32s] = {}


def new(texts: list[str]) -> Float32s:
    """The new model: it looks vectors up."""
    width = int(os.environ.get("COST_WIDTH", NEW))
    rows = [int(text.removeprefix("text ")) for text in texts]
    if width not in _CACHE:
        return vectors(np.array(rows), width)
    return _CACHE[width][rows]


def _times(connection: psycopg.Connection[Any], items: int) -> list[str]:
    _CACHE[NEW] = vectors(np.arange(items), NEW)
    old = vectors(np.arange(items), OLD)
    _gallery(connection, "documents", old, index=True)
    first = _inserted(connection, "plain", _CACHE[NEW])
    asked = np.arange(items, items + QUERIES)
    queries = [Vectors(a, b) for a, b in zip(vectors(asked, OLD), vectors(asked, NEW), strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        file = _file(Path(folder), "documents", NEW, "ridge")
        # The module that the worker imports is this one: with the same cache.
        sys.modules["live_cost"] = sys.modules[__name__]
        opened = Opened.of(file)
        fresh = Router(opened)
        before = _median(fresh, queries)
        bare = _bare(connection, "documents", "embedding", [q.old for q in queries])
        serving = start(opened)
        worker = Worker(opened.database, opened.new, serving, batch=BATCH)
        began = time.perf_counter()
        carried = worker.carry()
        carrying = time.perf_counter() - began
        router, seconds, done, medians = Router(opened), 0.0, 0, []
        for share in (*SHARES, 1.0):
            began = time.perf_counter()
            while done < share * items and worker._next_batch():
                done += BATCH
            seconds += time.perf_counter() - began
            if share < 1:
                medians.append(_median(router, queries))
        while worker._next_batch():
            pass
        opened.database.reconcile()
        again = _inserted(connection, "once_more", _CACHE[NEW])
        finish(opened, keep_old=True)
        after = _median(Router(opened), queries)
        index = _bare(connection, "plain", "embedding", [q.new for q in queries])
    rate, plain = items / seconds, 2 * items / (first + again)
    lines = [
        f"| backfill | {rate:.0f} items/s | plain insert, mean of one before and one after | "
        f"{plain:.0f} items/s | {rate / plain:.2f} |",
        f"| carrying {carried:,} old vectors forward | {carried / carrying:.0f} items/s | "
        f"the same insert | {plain:.0f} items/s | {carried / carrying / plain:.2f} |",
    ]
    for share, median in zip(SHARES, medians, strict=True):
        lines.append(
            f"| search with {share:.0%} done, median | {1000 * median:.2f} ms | search before, "
            f"through the router | {1000 * before:.2f} ms | {median / before:.2f} |"
        )
        lines.append(
            f"| | {1000 * median:.2f} ms | a statement on the old index | {1000 * bare:.2f} ms | "
            f"{median / bare:.2f} |"
        )
    lines += [
        f"| search after finishing, median | {1000 * after:.2f} ms | a statement on a fresh "
        f"index | {1000 * index:.2f} ms | {after / index:.2f} |",
        f"| search before, through the router | {1000 * before:.2f} ms | a statement on the old "
        f"index | {1000 * bare:.2f} ms | {before / bare:.2f} |",
    ]
    return lines


def _gallery(connection: psycopg.Connection[Any], name: str, old: Float32s, *, index: bool) -> None:
    connection.execute(
        f"create table {name} (id bigint primary key, body text, embedding vector({old.shape[1]}))"
    )
    with connection.cursor().copy(f"copy {name} from stdin") as copy:
        for row, vector in enumerate(old):
            copy.write_row((row, f"text {row}", str(vector.tolist())))
    if index:
        connection.execute("set maintenance_work_mem = '2GB'")
        connection.execute(f"create index on {name} using hnsw (embedding vector_cosine_ops)")
    connection.execute(f"vacuum analyze {name}")


def _inserted(connection: psycopg.Connection[Any], name: str, rows: Float32s) -> float:
    """Seconds of inserting rows in batches into a table with the same index."""
    from pgvector import Vector

    connection.execute(f"create table {name} (id bigint primary key, embedding vector({NEW}))")
    connection.execute(f"create index on {name} using hnsw (embedding vector_cosine_ops)")
    began = time.perf_counter()
    for at in range(0, len(rows), BATCH):
        part = [Vector(row).to_text() for row in rows[at : at + BATCH]]
        ids = list(range(at, at + len(part)))
        connection.execute(
            f"insert into {name} select * from unnest(%s::bigint[], %s::text[]::vector[])",
            (ids, part),
        )
    return time.perf_counter() - began


def _median(router: Router, queries: list[Vectors]) -> float:
    """Median seconds of a search, after all queries were asked once."""
    seconds = []
    for number, query in enumerate([*queries, *queries]):
        began = time.perf_counter()
        router.search(query, K)
        if number >= len(queries):
            seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))


def _bare(connection: psycopg.Connection[Any], name: str, column: str, queries: list[Any]) -> float:
    """Median seconds of the statement that an application would send, with its parameter bound."""
    connection.execute("set hnsw.ef_search = 40")
    statement = (
        f"select id, 1 - ({column} <=> %(q)s::vector) from {name} "
        f"order by {column} <=> %(q)s::vector limit {K}"
    )
    seconds = []
    for number, query in enumerate([*queries, *queries]):
        text = str(np.asarray(query).tolist())
        began = time.perf_counter()
        connection.execute(statement, {"q": text}, prepare=True).fetchall()
        if number >= len(queries):
            seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))


def _file(folder: Path, table: str, width: int, method: str) -> Path:
    file = folder / "migration.yaml"
    here = Path(__file__).parent.absolute()
    file.write_text(FILE.format(table=table, folder=here, width=width, method=method, batch=BATCH))
    return file


def _memory() -> list[str]:
    """Peak memory of `backfill start`, for galleries of two sizes."""
    peaks = {size: _peak(size) for size in (SMALL, LARGE)}
    return [
        f"| peak memory of `backfill start`, {LARGE:,} x {NARROW} | {peaks[LARGE] / 1e6:.0f} MB | "
        f"{SMALL:,} x {NARROW} | {peaks[SMALL] / 1e6:.0f} MB | {peaks[LARGE] / peaks[SMALL]:.2f} |"
    ]


# A process begins with the peak of the one that started it, which must therefore be small.
_LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def _peak(size: int) -> int:
    with (
        Server(synchronous_commit="off", shared_buffers="512MB") as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        os.environ |= {"COST_URL": server.url(), "COST_WIDTH": str(NARROW)}
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("create extension vector")
            rows = np.random.default_rng(0).normal(size=(size, NARROW)).astype(np.float32)
            _gallery(connection, "documents", rows, index=False)
        file = _file(Path(folder), "documents", NARROW, "ridge")
        program = Path(sys.executable).with_name("backfill")
        command = [sys.executable, "-c", _LAUNCHER, str(program), "start", str(file)]
        return int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout) * 1024


if __name__ == "__main__":
    typer.run(main)
