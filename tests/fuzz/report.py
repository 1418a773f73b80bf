"""The table of a run: reader by reader, how inputs ended, and what they took."""

from __future__ import annotations

import subprocess
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from backfill import machine
from backfill.artifacts import replacing
from fuzz.outcomes import FINDING, MIB, REFUSED, SECONDS, VALID, Outcome

_TITLE = """# Hostile inputs

Made by `make fuzz`: {inputs:,} inputs, at commit {commit}. Each reader gets a valid input, the
cases that once broke one, and random changes of the valid input: bits, lengths, pieces, and values
inside its format; a public function gets changed arguments. Every input must end in a result or in
one error that names the file or the argument, within {seconds:g} s of processor time and {mib} MiB.

- `tried`: inputs.
- `errors`: ended in one clear error. `valid`: gave a result; the change did no harm.
- `findings`: anything else.
- `longest`: seconds of processor time that one input took, one thread. `largest`: MiB by which
  one input made the process grow.

{machine}. `python -m fuzz --replay READER NUMBER`, in tests/, reads one input again.

| reader | tried | errors | valid | findings | longest, s | largest, MiB |
| --- | --- | --- | --- | --- | --- | --- |
"""


def write(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write the report of a run."""
    by_reader: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_reader[outcome.reader].append(outcome)
    text = _TITLE.format(
        inputs=len(outcomes),
        commit=_commit(),
        seconds=SECONDS,
        mib=MIB,
        machine=machine.described(),
    )
    for name, found in sorted(by_reader.items()):
        text += _row(name, found)
    text += _row("all", outcomes)
    causes = Counter(f"{one.reader}: {one.what}" for one in outcomes if one.kind == FINDING)
    if causes:
        text += "\nFindings:\n\n"
        text += "".join(f"- {count:,} x {cause}\n" for cause, count in causes.most_common())
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    kinds = Counter(one.kind for one in outcomes)
    longest = max(one.seconds for one in outcomes)
    largest = max(one.mib for one in outcomes)
    counts = [len(outcomes), kinds[REFUSED], kinds[VALID], kinds[FINDING]]
    numbers = " | ".join(f"{count:,}" for count in counts)
    return f"| {name} | {numbers} | {longest:.2f} | {largest:.0f} |\n"


def _commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    return done.stdout.strip() or "unknown"
