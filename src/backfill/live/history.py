"""How far a migration was, and when: one line per look, beside the migration's file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from backfill.errors import InputError
from backfill.reading.files import read_text

FILE = "history.jsonl"
_MOST_BYTES = 50_000_000


class Moment(BaseModel):
    """One look at a migration.

    Attributes:
        at: seconds since 1970.
        done: backfilled items.
        items: of the gallery.
        recall: of indexes; None where it was not probed.
        p50: median seconds of a search.
        p95: seconds that 95% of searches stay under.
    """

    model_config = ConfigDict(frozen=True)

    at: float
    done: int
    items: int
    recall: float | None = None
    p50: float | None = None
    p95: float | None = None


def append(home: Path, moment: Moment) -> None:
    """Note a look; a write in one piece, so that others may note theirs at the same time.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        with (home / FILE).open("a") as file:
            file.write(f"{moment.model_dump_json(exclude_none=True)}\n")
    except OSError as error:
        raise InputError(f"{home / FILE}: cannot be written ({error.strerror})") from error


def read(home: Path) -> list[Moment]:
    """All looks, oldest first; a line that was cut short is left out.

    Raises:
        InputError: the file is not text.
    """
    if not (home / FILE).exists():
        return []
    found = []
    for line in read_text(home / FILE, "a history", _MOST_BYTES).splitlines():
        try:
            found.append(Moment.model_validate_json(line))
        except ValidationError:
            continue
    return found


def rate(moments: list[Moment]) -> float | None:
    """Items per second between the last two looks that differ; None without two."""
    if len(moments) < 2:
        return None
    last = moments[-1]
    before = next((each for each in reversed(moments) if last.at - each.at > 1), None)
    if before is None:
        return None
    return max(0.0, (last.done - before.done) / (last.at - before.at))
