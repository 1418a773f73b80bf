"""Models of sentence-transformers as embedders of a migration."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.live.embedders import EMBEDDERS, Embedder, Unavailable
from backfill.texts import models

pytestmark = pytest.mark.xdist_group("texts")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sentence_transformers", reason="of the extra texts, is not installed")
    from texts.tiny import make_model

    root = tmp_path_factory.mktemp("live_models")
    make_model(root / "tiny", 12, 1)
    return root


def made(folder: Path, **settings: Any) -> Embedder:
    provider = EMBEDDERS["sentence-transformers"]
    given = {"provider": "sentence-transformers", "model": "tiny"} | settings
    return provider.make(provider.settings.model_validate(given, context={"folder": folder}))


def test_vectors_are_the_models_at_unit_length(folder: Path) -> None:
    embedder = made(folder, batch_size=2)
    embedding = embedder.documents(["ab", "cde", "f"])
    rows = models.encode(str(folder / "tiny"), ["ab", "cde", "f"], "document", None, 3)
    expected = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(embedding.vectors, expected, atol=1e-5)
    assert (embedder.width, embedding.tokens) == (12, None)


def test_prompts_are_by_role(folder: Path) -> None:
    prompted = made(folder, query_prompt="q: ", document_prompt="d: ")
    plain = made(folder)
    for role, prompt in (("queries", "q: "), ("documents", "d: ")):
        rows = getattr(prompted, role)(["ab"]).vectors
        np.testing.assert_allclose(rows, plain.documents([f"{prompt}ab"]).vectors, atol=1e-5)


def test_the_first_dimensions_may_be_all(folder: Path) -> None:
    whole, part = (made(folder, dimensions=d).documents(["ab"]).vectors[0] for d in (None, 5))
    np.testing.assert_allclose(part, whole[:5] / np.linalg.norm(whole[:5]), atol=1e-5)
    with pytest.raises(
        Unavailable, match=r"tiny: expected 1 vector of width 99, got vectors of wi"
    ):
        made(folder, dimensions=99).documents(["ab"])


def test_identity_is_of_the_files_and_not_of_their_place(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").symlink_to(folder / "tiny")
    assert made(tmp_path, model="copy").identity == made(folder).identity
    changes: list[dict[str, Any]] = [{"dimensions": 5}, {"document_prompt": "d: "}]
    assert len({made(folder, **change).identity for change in [{}, *changes]}) == 3
    assert made(folder, query_prompt="q: ").identity == made(folder).identity


def test_a_model_that_fails_is_not_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no kernel")

    embedder = made(folder)
    monkeypatch.setattr(models, "encode", broken)
    with pytest.raises(Unavailable, match=r"expected 1 vector of one width, got no kernel$"):
        embedder.documents(["ab"])


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="model: expected the name or the folder of a model"):
        made(tmp_path, model="./nowhere")
