"""Everything that can be said of a folder before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backfill.errors import InputError
from backfill.vectors.checks.registry import CHECKS, Finding
from backfill.vectors.described import texts_of, weights_of
from backfill.vectors.inventory import File, Missing, inventory
from backfill.vectors.judged import judgements_of, labels_of
from backfill.vectors.names import VECTORS
from backfill.vectors.pairing import both
from backfill.vectors.reading import GALLERY, QUERIES, Reading
from backfill.vectors.sample import sample_of
from backfill.vectors.upgrade import assemble

_LEVELS = ("error", "warning", "note")
_Step = Callable[[], list[Finding]]


@dataclass(frozen=True)
class Report:
    """What was found in a folder.

    Attributes:
        folder: as it was given.
        files: what is there.
        missing: what is not.
        findings: errors, then warnings, then notes.
    """

    folder: Path
    files: list[File]
    missing: list[Missing]
    findings: list[Finding]

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.of("error")

    def of(self, level: str) -> list[str]:
        """The messages of a level."""
        return [found.message for found in self.findings if found.level == level]

    def as_dict(self) -> dict[str, Any]:
        """The same as lists and dictionaries, for JSON."""
        return {
            "folder": str(self.folder),
            "ok": self.ok,
            "files": [file._asdict() for file in self.files],
            "missing": [missing._asdict() for missing in self.missing],
            "findings": [found._asdict() for found in self.findings],
        }


def check(folder: Path) -> Report:
    """Look at everything in a folder: each file, each row, and how they fit together.

    All rows are read, block by block; comparisons of neighbours take a thousand.

    Args:
        folder: of the vectors.

    Returns:
        What was found. Mistakes are in it, they are not raised.

    Raises:
        InputError: there is no such folder.
    """
    reading = Reading(Path(folder))
    files, missing = inventory(reading)
    findings: list[Finding] = []
    for step in _steps(reading):
        findings += _errors_of(reading, step)
    if all(found.level != "error" for found in findings):
        # What only `read` can find, such as numbers that are too large for float32.
        findings += _errors_of(reading, lambda: _nothing_of(assemble(reading)))
    findings += [Finding("note", note.rstrip(".")) for note in reading.notes]
    distinct = sorted(dict.fromkeys(findings), key=lambda found: _LEVELS.index(found.level))
    return Report(Path(folder), files, missing, distinct)


def _errors_of(reading: Reading, step: _Step) -> list[Finding]:
    """What a step finds, or the error that it raises, in which the folder goes without saying."""
    try:
        return step()
    except InputError as error:
        return [Finding("error", str(error).replace(f"{reading.folder.path}/", ""))]


def _nothing_of(_: object) -> list[Finding]:
    return []


def _steps(reading: Reading) -> Iterator[_Step]:
    """All that is read, piece by piece, so that one mistake does not hide the next."""

    def reads(function: Callable[..., object], *of: object) -> _Step:
        return lambda: _nothing_of(function(*of))

    for name in VECTORS:
        yield reads(reading.vectors, name)
    for function in (sample_of, judgements_of, weights_of):
        yield reads(function, reading)
    for what in ("queries", "pairs"):
        yield reads(both, reading, what)
    for side in (GALLERY, QUERIES):
        for of_side in (Reading.ids, labels_of, texts_of):
            if side is GALLERY or reading.folder.named(side.vectors):
                yield reads(of_side, reading, side)
    for check_name in CHECKS:
        yield lambda name=check_name: list(CHECKS[name](reading))  # type: ignore[misc]
