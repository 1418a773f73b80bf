"""What a DVC that was killed may leave, and would not start with again."""

from __future__ import annotations

import json
from pathlib import Path

from backfill.errors import InputError

# DVC notes here which process reads and writes which path. It writes the file in place, so that a
# kill can leave half of it; every later `dvc repro` then refuses to read it.
_NOTES = Path(".dvc", "tmp", "rwlock")


def forget_half_notes(root: Path = Path()) -> None:
    """Remove DVC's notes of the paths in use if a kill has cut them short.

    The processes that they were about are gone, so nothing is lost. DVC's own lock guards the file
    meanwhile.

    Args:
        root: of the repository.

    Raises:
        InputError: another DVC holds the lock.
    """
    notes = root / _NOTES
    if _whole(notes):
        return
    # DVC takes half a second to import, and half notes are rare.
    from dvc.lock import LockError, make_lock

    try:
        with make_lock(str(notes.with_name("rwlock.lock")), tmp_dir=str(notes.parent)):
            if not _whole(notes):
                notes.unlink()
    except LockError as error:
        raise InputError(f"{notes}: expected JSON, got none, and a DVC that uses it") from error


def _whole(notes: Path) -> bool:
    try:
        json.loads(notes.read_bytes())
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return True
