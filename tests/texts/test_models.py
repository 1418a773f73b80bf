"""Models that are not there."""

import sys
from pathlib import Path

import pytest

from backfill.errors import InputError
from backfill.texts import embed, models

pytestmark = pytest.mark.xdist_group("texts")


@pytest.mark.parametrize("name", ["./nowhere", "/no/such/folder", "a/b/c", "~/none", ""])
def test_a_folder_that_is_not_there_is_named(folder: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"--new: expected the name or the folder of a model"):
        embed(folder, "any", name)


def test_without_the_extra_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(InputError, match=r"pip install 'backfill\[texts\]'"):
        models.load(str(tmp_path))


@pytest.mark.usefixtures("pair")
def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path}: expected a model that sentence-transformer"):
        models.load(str(tmp_path))
