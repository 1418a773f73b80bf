"""An index of faiss is tried before anything is trained for it, and cannot end the check."""

from pathlib import Path

import pytest

from backfill.artifacts import Layout
from backfill.errors import InputError
from backfill.pipeline import fitness
from backfill.pipeline.index_trial import require_index
from backfill.pipeline.workspace import prepare

from .settings_files import OVERVIEW, PARAMS, copy_settings, set_value


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("HNSW0", "numbers above 0"),
        ("IVF64,PQ7", "dimension of the vector"),
    ],
)
def test_what_faiss_cannot_do_is_said(description: str, reason: str) -> None:
    with pytest.raises(InputError) as found:
        require_index("evaluate.search", description, [64])
    assert str(found.value).startswith("evaluate.search: expected an index that faiss can make of")
    assert f"got {description!r}: " in str(found.value)
    assert reason in str(found.value)


def test_a_process_that_is_killed_is_a_reason_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly = tmp_path / "python"
    deadly.write_text("#!/bin/sh\necho Faiss assertion >&2\nkill -ABRT $$\n")
    deadly.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(deadly))
    with pytest.raises(InputError, match=r"got 'HNSW8': it ends the process \(Faiss assertion\)"):
        require_index("evaluate.search", "HNSW8", [4])


def test_an_index_of_any_size_passes() -> None:
    require_index("evaluate.search", "IVF65536_HNSW32,PQ8x16", [64])


def test_the_pipeline_is_not_written_for_an_index_that_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_settings(tmp_path)
    monkeypatch.chdir(tmp_path)
    set_value(tmp_path / PARAMS, "evaluate.search", "HNSW8")
    set_value(tmp_path / PARAMS, "evaluate.map_at", 100)
    set_value(tmp_path / OVERVIEW, "encoders.old.embedding_dim", 64)
    asked = []

    def refuse(key: str, description: str, dims: list[int]) -> None:
        asked.append((key, description, dims))
        raise InputError(f"{key}: no")

    monkeypatch.setattr(fitness, "require_index", refuse)
    with pytest.raises(InputError, match=r"params.yaml: evaluate.search: no"):
        prepare(Layout(), [])
    assert asked == [("params.yaml: evaluate.search", "HNSW8", [64])]
    assert not (tmp_path / "dvc.yaml").exists()
