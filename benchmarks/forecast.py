"""How often a forecast's intervals hold the truth, on galleries whose new vectors are all there.

    python benchmarks/forecast.py WORK [--banking FOLDER] [--glyphs REPOSITORY] [--draws 20]

Galleries: the generator of gallery.py at 10^5 and 10^6 items, whose old space is broken for three
tenths of the classes; glyphs, embedded by the encoders of a finished `make repro`; BANKING77's
questions by real models (FOLDER has one (N, D) file per model). A draw is a random sample of 1,000
items, 200 random queries, and another 1,000 items that the forecast asks for after it has seen
these. The truth is what the same maps give with all new vectors, averaged over all queries, of
which there are 1,000. It counts how often the truth lies in the 90% interval, over methods and
fractions; both are correlated within a draw. Results are written to WORK/coverage.csv as they
come, and a repeated command goes on.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import gallery as generated
from backfill import machine
from backfill.align.maps import unit
from backfill.arrays import Array, Float32s, Float64s, Int64s
from backfill.artifacts import replacing
from backfill.forecast.ask import NOTHING, ask
from backfill.forecast.candidates import Candidates
from backfill.forecast.curves import Completed, Merge, of_new
from backfill.forecast.known import Known
from backfill.forecast.measuring import OVERLAP, K, measured
from backfill.forecast.orders import position_of, random
from backfill.forecast.problem import Problem
from backfill.forecast.run import Forecaster
from backfill.forecast.settings import Settings
from backfill.forecast.simulated import Searched, Simulated, search
from backfill.forecast.systems import Fitted

SAMPLE, ASKED, QUERIES, ALL_QUERIES = 1000, 1000, 200, 1000
FRACTIONS = (0.0, 0.1, 0.25, 0.5, 0.75)
BROKEN = 0.3
METHODS = ("old_query", "old_query_calibrated", "ridge", "mix", "slerp")
COLUMNS = ("gallery", "draw", "known", "method", "fraction", "truth", "estimate", "low", "high")
_TITLE = """# Intervals of forecasts beside the truth

Made by `python benchmarks/forecast.py WORK --banking FOLDER --glyphs REPOSITORY`. overlap@10 of
five methods at five fractions, in points. `held` is how often the 90% interval holds the truth.
`drawn`: 1,000 items are known, drawn at random; `drawn and asked`: and about 1,000 that the
forecast asked for. 200 queries; the truth is that of 1,000 queries with all new vectors.
"""
_CELLS, _ROWS = 50_000_000, 65_536  # cosines of a channel and rows that are held at a time


class Case(NamedTuple):
    """A gallery whose new vectors are all there, and queries."""

    old: Array
    new: Array
    queries_old: Float32s
    queries_new: Float32s


class Both(NamedTuple):
    """What a forecast starts from, and what it finds at first."""

    problem: Problem
    searched: Searched


def made(folder: Path, size: int) -> Case:
    """The gallery with broken classes; its first items are the queries."""
    labels = generated.labels(size + ALL_QUERIES)
    paths = [folder / f"{name}-{size}.npy" for name in ("old", "new")]
    for seed, (path, broken) in enumerate(zip(paths, (BROKEN, 0.0), strict=True)):
        if not path.exists():
            generated.write(path, labels, broken=broken, seed=seed)
    old, new = (np.load(path, mmap_mode="r") for path in paths)
    asking = slice(0, ALL_QUERIES)
    return Case(
        old[ALL_QUERIES:], new[ALL_QUERIES:],
        np.asarray(old[asking], np.float32), np.asarray(new[asking], np.float32),
    )  # fmt: skip


def glyphs(folder: Path, repository: Path, size: int = 20_000) -> Case:
    """Glyphs by the encoders old and new; the first are the queries."""
    if not (folder / "new.npy").exists():
        generated.write_glyphs(folder, repository, size + ALL_QUERIES)
    old, new = (np.load(folder / f"{name}.npy") for name in ("old", "new"))
    return Case(old[ALL_QUERIES:], new[ALL_QUERIES:], old[:ALL_QUERIES], new[:ALL_QUERIES])


def banking(folder: Path, before: str, after: str, published: int = 10_003) -> Case:
    """BANKING77: questions of the published training part are the gallery, others the queries."""
    old, new = (np.load(folder / f"{name}.npy").astype(np.float32) for name in (before, after))
    asking = published + np.random.default_rng(0).permutation(len(old) - published)[:ALL_QUERIES]
    return Case(old[:published], new[:published], old[asking], new[asking])


def searched_by(case: Case, known: Int64s, asked: Int64s, settings: Settings) -> Both:
    """Maps, candidates and known items of all queries."""
    problem = Problem(
        queries=np.arange(ALL_QUERIES),
        queries_old=unit(case.queries_old), queries_new=unit(case.queries_new), old=case.old,
        rows=known, random=~np.isin(known, asked),
        known_old=unit(case.old[known]), known_new=unit(case.new[known]),
        foreign=None, judgements=None, weights=None, stand_ins=np.empty(0, np.int64),
    )  # fmt: skip
    return Both(problem, search(problem, settings))


def among(both: Both, queries: Int64s) -> Both:
    """The same for some of the queries."""
    problem, (fitted, candidates, known) = both.problem, astuple_of(both.searched)
    slerp = fitted.systems.slerp
    return Both(
        replace(
            problem, queries=queries,
            queries_old=problem.queries_old[queries], queries_new=problem.queries_new[queries],
        ),
        Searched(
            replace(
                fitted,
                systems=replace(
                    fitted.systems, slerp=None if slerp is None else slerp[:, queries]
                ),
                channels=tuple(
                    channel._replace(query=channel.query[queries]) for channel in fitted.channels
                ),
                pairs=fitted.pairs[:, queries],
            ),
            Candidates(
                candidates.items[queries], candidates.scores[:, queries],
                candidates.outside[queries],
            ),
            replace(known, scores=known.scores[:, queries], new=known.new[queries]),
        ),
    )  # fmt: skip


def astuple_of(searched: Searched) -> tuple[Fitted, Candidates, Known]:
    """Its parts."""
    return searched.fitted, searched.candidates, searched.known


def truth(case: Case, both: Both, position: Int64s) -> dict[str, Float64s]:
    """Method -> (T,) overlap@10 of all queries, with all new vectors."""
    size = len(case.old)
    switches = (position / size).astype(np.float32)[None]
    totals: dict[str, Float64s] = {}
    for start in range(0, ALL_QUERIES, max(1, _CELLS // size)):
        queries = np.arange(start, min(start + max(1, _CELLS // size), ALL_QUERIES))
        part = among(both, queries).searched
        shape = (len(queries), size)
        cosines = np.empty((len(part.fitted.channels), *shape), np.float32)
        new = np.empty(shape, np.float32)
        for first in range(0, size, _ROWS):
            rows = slice(first, min(first + _ROWS, size))
            old = unit(case.old[rows])
            for channel, scores in zip(part.fitted.channels, cosines, strict=True):
                scores[:, rows] = channel.scores(old)
            new[:, rows] = both.problem.queries_new[queries] @ unit(case.new[rows]).T
        completed = Completed(
            np.broadcast_to(np.arange(size), shape), cosines, new,
            np.ascontiguousarray(np.broadcast_to(switches, shape)),
        )  # fmt: skip
        aimed = of_new(completed, K)
        for name in METHODS:
            merge = Merge(name, part.fitted.systems, part.known)
            for at, columns in enumerate(merge.ranked(completed, FRACTIONS, K)):
                found = measured(completed, columns, aimed, None, [OVERLAP])[OVERLAP]
                totals.setdefault(name, np.zeros(len(FRACTIONS)))[at] += found.sum()
    return {name: np.asarray(total / ALL_QUERIES) for name, total in totals.items()}


def one_draw(case: Case, seed: int) -> Iterator[tuple[str, str, float, float, float, float, float]]:
    """Yield what was known, method, fraction, truth, estimate and interval."""
    settings = Settings(seed=seed, maps=("ridge",), fractions=FRACTIONS, candidates=500)
    rng = np.random.default_rng([seed, 99])
    rows = np.sort(rng.permutation(len(case.old))[:SAMPLE])
    chosen = np.sort(rng.permutation(ALL_QUERIES)[:QUERIES])
    position = position_of(random(len(case.old), seed))
    both = searched_by(case, rows, np.empty(0, np.int64), settings)
    known, asked = rows, NOTHING
    for step in ("drawn", "drawn and asked"):
        if step != "drawn":
            some = among(both, chosen)
            candidates = some.searched.candidates
            asked = ask(candidates, chosen, rows, ASKED, seed)
            known = np.union1d(rows, asked.rows)
            both = searched_by(case, known, asked.rows, settings)
        true = truth(case, both, position)
        some = among(both, chosen)
        summary = Forecaster(some.problem, some.searched, asked, settings).summary(position)
        for name, values in true.items():
            for at, fraction in enumerate(FRACTIONS):

                def overlap(of: Simulated, name: str = name, at: int = at) -> Float64s:
                    return np.asarray(of.methods[name][OVERLAP][at])

                found = summary.level(overlap, OVERLAP)
                yield step, name, fraction, values[at], found.value, found.low, found.high


def main() -> None:
    """Draw, and print how often the truth was held."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--banking", type=Path)
    parser.add_argument("--glyphs", type=Path)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--report", type=Path, help="folder for table.md")
    parser.add_argument("--large", type=int, default=5, help="draws of 10^6 items")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    machine.use_threads(1)
    cases: dict[str, tuple[int, Callable[[], Case]]] = {}
    if given.banking:
        for pair in (
            ("minilm_l3", "minilm_l6"),
            ("wordllama", "minilm_l6"),
            ("minilm_l6", "mpnet"),
        ):
            name = f"banking, {pair[0]} to {pair[1]}"
            cases[name] = given.draws, partial(banking, given.banking, *pair)
    if given.glyphs:
        cases["glyphs"] = given.draws, partial(glyphs, given.work, given.glyphs)
    cases["generated, 10^5"] = given.draws, partial(made, given.work, 100_000)
    cases["generated, 10^6"] = given.large, partial(made, given.work, 1_000_000)
    table = given.work / "coverage.csv"
    done = set()
    if table.exists():
        done = {(row["gallery"], int(row["draw"])) for row in csv.DictReader(table.open())}
    for name, (draws, make) in cases.items():
        left = [draw for draw in range(draws) if (name, draw) not in done]
        case = make() if left else None
        for draw in left:
            assert case is not None
            found = [
                dict(zip(COLUMNS, (name, draw, *row), strict=True)) for row in one_draw(case, draw)
            ]
            new = not table.exists()
            with table.open("a", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS)
                if new:
                    writer.writeheader()
                writer.writerows(found)
            print(name, draw, flush=True)
    show(table, given.report)


def show(table: Path, report: Path | None = None) -> None:
    """Print coverage, error and width for each gallery and what was known; write them."""
    read = pd.read_csv(table)
    read["held"] = 100 * ((read.low <= read.truth) & (read.truth <= read.high))
    read["error"] = 100 * (read.estimate - read.truth)
    read["half_width"] = 50 * (read.high - read.low)
    read["rmse"] = read.error**2
    by = read.groupby(["gallery", "known"], sort=False).agg(
        draws=("draw", "nunique"), held=("held", "mean"), bias=("error", "mean"),
        rmse=("rmse", "mean"), half_width=("half_width", "mean"),
    )  # fmt: skip
    by["rmse"] **= 0.5
    by = by.rename(columns={"held": "held, %", "half_width": "half width"}).round(1).reset_index()
    print(by.to_string(index=False))
    if report is not None:
        with replacing(report / "table.md") as temporary:
            temporary.write_text(f"{_TITLE}\n{by.to_markdown(index=False)}\n")


if __name__ == "__main__":
    main()
