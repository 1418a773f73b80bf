"""Reads many hostile inputs, and goes on where it was stopped; or reads one again.

    cd tests; python -m fuzz --inputs 100000 --work ../.fuzz --report ../benchmarks/fuzz.md
    python -m fuzz --again ...                # likewise; what was found before is read again
    python -m fuzz --replay gnd 1234          # one input, with its traceback

Inputs are numbered per reader, and number n is always the same one: 0 is valid, then come the
cases that readers have met or may meet, then random changes of the valid one. What is found is
kept in WORK/findings, each with the input.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from fuzz.outcomes import FINDING, Outcome
from fuzz.report import write
from fuzz.running import Known, Worker

BLOCK = 100  # inputs of a reader before the next one's turn
KEPT = 5  # inputs that are kept of each finding
COLUMNS = ("reader", "number", "kind", "what", "seconds", "mib", "title")


def planned(readers: dict[str, Known], inputs: int, only: str = "") -> Iterator[tuple[str, int]]:
    """Which inputs are read, in which order: the readers take turns."""
    chosen = {name: one for name, one in readers.items() if re.search(only, name)}
    shares = sum(one.share for one in chosen.values())
    quota = {
        name: max(1 + len(one.cases), round(inputs * one.share / shares))
        for name, one in chosen.items()
    }
    for start in range(0, max(quota.values()), BLOCK):
        for name, count in quota.items():
            for number in range(start, min(start + BLOCK, count)):
                yield name, number


def run(inputs: int, work: Path, only: str = "") -> list[Outcome]:
    """Read all inputs that have not been read yet; returns what became of all."""
    work.mkdir(parents=True, exist_ok=True)
    table = work / "results.csv"
    done = read(table)
    known = {(one.reader, one.number) for one in done}
    kept = Counter(f"{one.reader}: {one.what}" for one in done if one.kind == FINDING)
    with (
        table.open("a", newline="", encoding="utf-8", errors="backslashreplace") as file,
        Worker(work / "worker") as worker,
    ):
        plan = planned(worker.readers, inputs, only)
        todo = [each for each in plan if each not in known]
        writer = csv.writer(file)
        bar = tqdm(todo, initial=len(done), total=len(done) + len(todo), unit=" inputs",
                   mininterval=10)  # fmt: skip
        for reader, number in bar:
            outcome = worker.run(reader, number)
            if outcome.kind == FINDING:
                cause = f"{reader}: {outcome.what}"
                kept[cause] += 1
                (keep if kept[cause] <= KEPT else clear)(outcome, work)
                bar.set_postfix(findings=len(kept), refresh=False)
            writer.writerow([getattr(outcome, name) for name in COLUMNS])
            file.flush()
            done.append(outcome)
    return done


def forget_findings(table: Path) -> None:
    """Take findings out of the table, so that their inputs are read again."""
    kept = [one for one in read(table) if one.kind != FINDING]
    with table.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        csv.writer(file).writerows([getattr(one, name) for name in COLUMNS] for one in kept)


def keep(outcome: Outcome, work: Path) -> None:
    """Keep a finding, with its input."""
    slug = outcome.reader.replace(" ", "_").replace("/", "_") + f"-{outcome.number}"
    folder = work / "findings" / slug
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = work / "worker" / "input" / slug
    if made.exists():
        shutil.move(made, folder / "input")
    text = (
        f"{outcome.reader} {outcome.number}: {outcome.title}\n{outcome.what}\n"
        f"{outcome.seconds} s, {outcome.mib} MiB\n\n{outcome.detail}\n"
        f"again: python -m fuzz --replay '{outcome.reader}' {outcome.number}\n"
    )
    (folder / "finding.txt").write_text(text, "utf-8", "backslashreplace")


def clear(outcome: Outcome, work: Path) -> None:
    """Remove the input of a finding of which there are enough."""
    slug = outcome.reader.replace(" ", "_").replace("/", "_") + f"-{outcome.number}"
    shutil.rmtree(work / "worker" / "input" / slug, ignore_errors=True)


def read(table: Path) -> list[Outcome]:
    """What became of the inputs so far."""
    if not table.exists():
        return []
    with table.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = [row for row in csv.reader(file) if len(row) == len(COLUMNS)]
    return [
        Outcome(reader, int(number), kind, what, float(seconds), float(mib), title)
        for reader, number, kind, what, seconds, mib, title in rows
    ]


def replay(reader: str, number: int) -> None:
    """Read one input again, and say what becomes of it."""
    with tempfile.TemporaryDirectory() as folder, Worker(Path(folder) / "worker") as worker:
        found = worker.run(reader, number)
    print(f"{found.reader} {found.number}: {found.title}")
    print(f"{found.kind}: {found.what}\n{found.seconds} s, {found.mib} MiB\n{found.detail}")
    sys.exit(found.kind == FINDING)


def main() -> None:
    """Run the command line."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--work", type=Path, default=Path("../.fuzz"))
    parser.add_argument("--report", type=Path, help="written at the end")
    parser.add_argument("--only", default="", help="readers whose name has this pattern in it")
    parser.add_argument("--again", action="store_true", help="read what was found again")
    parser.add_argument("--replay", nargs=2, metavar=("READER", "NUMBER"))
    given = parser.parse_args()
    if given.replay:
        replay(given.replay[0], int(given.replay[1]))
    if given.again:
        forget_findings(given.work.resolve() / "results.csv")
    outcomes = run(given.inputs, given.work.resolve(), given.only)
    if given.report:
        write(given.report, outcomes)
    found = Counter(f"{one.reader}: {one.what}" for one in outcomes if one.kind == FINDING)
    for cause, count in sorted(found.items()):
        print(f"{count:>6}  {cause}")
    print(f"{len(outcomes):,} inputs, {sum(found.values()):,} findings of {len(found)} kinds")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
