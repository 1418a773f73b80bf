"""A whole migration of real texts in PostgreSQL, while an application writes.

    make demo texts=FOLDER

FOLDER has `texts.json`, `labels.npy` and a MODEL.npy per model. A server from a wheel is started on
loopback with the texts and their old vectors. Then the commands of `backfill` do what an engineer
would do: forecast, plan, start, verify, finish, roll back. Meanwhile queries are served and judged.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import reduce
from pathlib import Path
from typing import Annotated

import numpy as np
import psycopg
import typer
from application import Writer, checksum, create
from corpus import Corpus
from quality import Judge, Quality
from report import Point, write

from backfill.errors import InputError, mistakes_in_one_line
from backfill.forecast.outcome import Forecast
from backfill.live import Router
from backfill.live.databases.postgres.server import Server

QUERIES, HELD_OUT = 300, 0.1  # queries that are served; share of the texts that come later
DATABASE = "demo"

MIGRATION = """\
name: demo
database:
  kind: postgres
  url: ${DATABASE_URL}
  table: documents
  content: body
old: {provider: python, function: "models:old", folder: HERE, dimensions: D1}
new: {provider: python, function: "models:new", folder: HERE, dimensions: D2}
forecast: forecast
sample: 2000
batch: 32
"""


def main(
    texts: Annotated[Path, typer.Argument(help="folder of texts.json, labels.npy and vectors")],
    old: Annotated[str, typer.Option(help="the model in service")] = "minilm_l3",
    new: Annotated[str, typer.Option(help="its successor")] = "minilm_l6",
    rate: Annotated[float, typer.Option(help="items per second")] = 200,
    out: Annotated[Path, typer.Option(help="folder of what was measured")] = Path("demo/out"),
) -> None:
    """Run the demo."""
    with mistakes_in_one_line(), tempfile.TemporaryDirectory() as home, Server() as server:
        corpus = Corpus(texts, old, new)
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"create database {DATABASE}")
        url = server.url(DATABASE)
        os.environ |= corpus.environment() | {"DATABASE_URL": url}
        points, forecast, page = _migration(corpus, url, Path(home), rate)
        write(out, points, forecast, page)


def _migration(
    corpus: Corpus, url: str, home: Path, rate: float
) -> tuple[list[Point], Forecast, str]:
    rng = np.random.default_rng(0)
    drawn = rng.permutation(len(corpus.texts))
    queries, later = drawn[:QUERIES], drawn[QUERIES:]
    held_out, gallery = np.split(later, [int(HELD_OUT * len(later))])
    create(url, corpus, gallery.tolist())
    file = home / "migration.yaml"
    widths = {f"D{n}": corpus.vectors(m).shape[1] for n, m in ((1, corpus.old), (2, corpus.new))}
    text = MIGRATION.replace("HERE", json.dumps(str(Path(__file__).parent)))
    file.write_text(reduce(lambda t, name: t.replace(name, str(widths[name])), widths, text))
    forecast = _forecast(corpus, queries, home, file)
    before = checksum(url)
    _backfill("plan", file)
    judge, writer = Judge(url, corpus, queries), Writer(url, corpus, held_out)
    with Router.open(file) as router:
        points = [Point.at(0.0, judge.served(router), forecast)]
        _told(points[0], "the old system")
        writer.start()
        worker = subprocess.Popen([_program(), "start", file, f"--rate={rate}"])
        try:
            points += _served(file, router, judge, forecast, worker)
            _require(worker.wait() == 0, "backfill start")
        finally:
            writer.stop()
            worker.kill()
        print(f"{writer.writes} writes of the application meanwhile")
        _backfill("resume", file)  # what was written since the worker ended
        _backfill("verify", file)
        points.append(Point.at(1.0, judge.served(router), forecast))
        _told(points[-1], "verified")
        _ends(judge.alone(corpus.new), points[-1])
        page = home / "page.html"
        _backfill("status", file, f"--page={page}")
        _backfill("finish", file, "--keep-old")
        after = checksum(url)
        _backfill("rollback", file, "--yes")
    left = checksum(url)
    _require(left[0] == after[0] and left[1] == before[1], "the old system, as it was")
    print("rolled back: the table, its index, schemas and triggers are as they were")
    return points, forecast, page.read_text(encoding="utf-8")


def _forecast(corpus: Corpus, queries: np.ndarray, home: Path, file: Path) -> Forecast:
    """Sample and forecast, with labels as judgements."""
    folder = home / "forecast"
    text = file.read_text()
    file.write_text(text.replace("forecast: forecast\n", ""))
    _backfill("sample", file, folder)
    file.write_text(text)
    for name, model in (("old", corpus.old), ("new", corpus.new)):
        np.save(folder / f"queries_{name}.npy", corpus.vectors(model)[queries])
    ids = json.loads((folder / "ids.json").read_text())
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        rows_there = connection.execute("select id::text, body from documents").fetchall()
    body: dict[str, str] = dict(rows_there)
    rows = [corpus.row[body[key]] for key in ids]
    np.save(folder / "labels.npy", corpus.labels[rows])
    np.save(folder / "query_labels.npy", corpus.labels[queries])
    _backfill("forecast", folder)
    return Forecast.model_validate_json((folder / "forecast.json").read_text(encoding="utf-8"))


def _served(
    file: Path, router: Router, judge: Judge, forecast: Forecast, worker: subprocess.Popen[bytes]
) -> list[Point]:
    """Serve and judge until the worker ends."""
    found = []
    while worker.poll() is None:
        status = json.loads(_said("status", file, "--json", "--no-searches"))
        if status["state"]["phase"] == "absent":
            time.sleep(0.2)
            continue
        found.append(Point.at(status["fraction"], judge.served(router), forecast))
        _told(found[-1])
    return found


def _told(point: Point, title: str = "") -> None:
    quality, value = point.quality, point.expected
    print(
        f"{point.fraction:6.1%} done   nDCG@10 {100 * quality.ndcg:5.1f}   forecast "
        f"{100 * value.value:5.1f} ({100 * value.low:5.1f} to {100 * value.high:5.1f})   "
        f"overlap@10 {100 * quality.overlap:5.1f}   {quality.milliseconds:4.1f} ms   {title}",
        flush=True,
    )


def _ends(truth: Quality, served: Point) -> None:
    print(
        f"the new model alone, exactly: nDCG@10 {100 * truth.ndcg:.1f}; served: "
        f"{100 * served.quality.ndcg:.1f}, overlap@10 {100 * served.quality.overlap:.1f}"
    )


def _backfill(*arguments: str | Path) -> None:
    print(f"\n$ backfill {' '.join(map(str, arguments))}", flush=True)
    _require(subprocess.run([_program(), *arguments]).returncode == 0, f"backfill {arguments[0]}")


def _said(*arguments: str | Path) -> bytes:
    return subprocess.run([_program(), *arguments], stdout=subprocess.PIPE, check=True).stdout


def _program() -> Path:
    return Path(sys.executable).with_name("backfill")


def _require(held: bool, what: str) -> None:
    if not held:
        raise InputError(f"demo: expected {what} to succeed, but it did not")


if __name__ == "__main__":
    typer.run(main)
