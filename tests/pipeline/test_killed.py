"""What a killed DVC leaves half written does not keep the next one from starting."""

from __future__ import annotations

from pathlib import Path

import pytest
from dvc.lock import make_lock

from backfill.errors import InputError
from backfill.pipeline.killed import forget_half_notes


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize("left", [b"", b'{"read": {"data/ma', b"\xff\xfe"])
def test_half_notes_are_forgotten(tmp_path: Path, notes: Path, left: bytes) -> None:
    notes.write_bytes(left)
    forget_half_notes(tmp_path)
    assert not notes.exists()


def test_whole_notes_are_kept(tmp_path: Path, notes: Path) -> None:
    notes.write_text('{"read": {}, "write": {}}')
    forget_half_notes(tmp_path)
    assert notes.read_text() == '{"read": {}, "write": {}}'


def test_a_repository_without_notes_is_left_alone(tmp_path: Path) -> None:
    forget_half_notes(tmp_path)
    assert not list(tmp_path.iterdir())


def test_notes_that_a_running_dvc_writes_are_left_to_it(tmp_path: Path, notes: Path) -> None:
    notes.write_bytes(b"")
    guard = make_lock(str(notes.with_name("rwlock.lock")), tmp_dir=str(notes.parent))
    with guard, pytest.raises(InputError, match="rwlock: expected JSON"):
        forget_half_notes(tmp_path)
    assert notes.exists()
