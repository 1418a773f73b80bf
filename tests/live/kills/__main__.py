"""Kills of a migration, and their report."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from backfill import machine
from backfill.artifacts import replacing
from live.kills.trial import Outcome, trial
from live.kills.truth import QUERIES


def main(
    kills: Annotated[int, typer.Option(min=5, help="of workers and of the server")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="of all moments")] = 0,
    report: Annotated[Path | None, typer.Option(help="to be written")] = None,
) -> None:
    """Kill workers and the server at random moments of a migration, and check everything."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = trial(Path(folder), kills, seed, told=_told)
    text = _text(outcome, seed)
    print(text)
    if report is not None:
        with replacing(report) as temporary:
            temporary.write_text(text)


def _told(outcome: Outcome) -> None:
    print(f"{outcome.kills.total()} kills, {outcome.at[-1]:.0%} done", flush=True)


def _text(outcome: Outcome, seed: int) -> str:
    deciles = np.bincount(np.minimum(9, (10 * np.array(outcome.at)).astype(int)), minlength=10)
    by_decile = " | ".join(str(count) for count in deciles)
    queries = QUERIES * outcome.checks
    killed = ", ".join(f"{count} of the {name}" for name, count in sorted(outcome.kills.items()))
    return f"""\
# Kills of a live migration

`make kill-live`, or `cd tests; python -m live.kills --kills {outcome.kills.total()} --seed {seed}`.
PostgreSQL 18 with pgvector; two processes that embed, an application that inserts, changes and
deletes all the time. Each kill is a SIGKILL: {killed}.
Before each check of everything both processes are killed once more.

{outcome.kills.total()} kills, {outcome.checks} checks, {outcome.writes:,} writes,
{outcome.items:,} items at the end, {outcome.seconds:.0f} s on {machine.described()}.

| | found |
| --- | --- |
| rows of the application lost, or twice | 0 |
| new vectors lost, twice, or of other content than the current one | 0 |
| merged first 10 other than brute force over the fingerprints' truth, of {queries} | 0 |
| new vectors at the end, of {outcome.items:,} items | {outcome.items:,} |

The first violation ends the run with an error. Checks by the share that was done:

| 0-10% | -20% | -30% | -40% | -50% | -60% | -70% | -80% | -90% | -100% |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| {by_decile} |
"""


if __name__ == "__main__":
    typer.run(main)
