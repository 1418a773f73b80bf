"""The split stage decodes images straight to disk, and each file only once."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backfill.artifacts import Layout, load_array
from backfill.datasets import image_files
from backfill.errors import InputError
from backfill.pipeline.plans import SplitPlan
from backfill.stages.split import split


def plan(**dataset: object) -> SplitPlan:
    row = {"allocation": "expansion", "fraction": 0.5, "seed": 0}
    return SplitPlan.model_validate({"dataset": dataset, "splits": {"expansion": row}})


def tree(root: Path, parts: tuple[str, ...]) -> None:
    for p, name in enumerate(parts):
        for c, label in enumerate("abcd"):
            for k in range(2):
                path = root / name / label / f"{k}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (8, 8), (p, c, k)).save(path)


def test_a_gallery_that_is_its_own_query_set_is_decoded_and_stored_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path / "images", ("train", "val"))
    decoded: list[str] = []
    decode = image_files.decode_file
    monkeypatch.setattr(
        image_files,
        "decode_file",
        lambda path, *rest: decoded.append(str(path)) or decode(path, *rest),
    )
    monkeypatch.setattr(image_files, "CHUNK_BYTES", 3 * 3 * 8 * 8)
    layout = Layout("folder", tmp_path)
    split(plan(name="folder", root=str(tmp_path / "images"), size=8), layout)
    assert len(decoded) == len(set(decoded)) == 16
    for part, value in (("train", 0), ("query", 1), ("gallery", 1)):
        images = load_array(layout.images(part), memory_map=True)
        assert images.shape == (8, 3, 8, 8)
        assert (images[:, 0] == value).all()
        assert images[:, 1, 0, 0].tolist() == load_array(layout.labels(part)).tolist()
    assert os.path.samefile(layout.images("query"), layout.images("gallery"))
    names = json.loads(layout.names.read_text())
    assert names == {"classes": ["a", "b", "c", "d"], "groups": ["all"], "map_at": None}


def test_without_hard_links_the_gallery_is_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    layout = Layout("digits", tmp_path)
    split(plan(name="digits"), layout)
    query, gallery = (load_array(layout.images(part)) for part in ("query", "gallery"))
    assert np.array_equal(query, gallery)
    assert not os.path.samefile(layout.images("query"), layout.images("gallery"))


def test_bad_images_of_all_parts_are_one_error_and_nothing_is_left(tmp_path: Path) -> None:
    tree(tmp_path / "images", ("train", "query", "gallery"))
    bad = [tmp_path / "images" / name / "b" / "1.png" for name in ("train", "query", "gallery")]
    for path in bad:
        path.write_bytes(b"no image")
    layout = Layout("folder", tmp_path)
    with pytest.raises(InputError, match="got 3 files") as caught:
        split(plan(name="folder", root=str(tmp_path / "images"), size=8), layout)
    for path in bad:
        assert str(path) in str(caught.value)
    assert list(layout.data.iterdir()) == []
