"""Google Landmarks v2 as published."""

from pathlib import Path

import published_trees as trees
import pytest

from backfill.datasets.base import UNLABELLED
from backfill.errors import InputError

TRAIN, SOLUTION = "train_clean.csv", "retrieval_solution_v2.1.csv"


def test_private_queries_are_ranked_against_the_index(tmp_path: Path) -> None:
    dataset = trees.read(trees.gldv2(tmp_path))
    assert dataset.map_at == 100
    assert dataset.classes == ("29", "4", "113", "200", UNLABELLED)
    assert dataset.train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert trees.names(dataset.train)[4] == f"{trees.landmark(110)}.jpg"
    # Ignored queries, public ones and those without images are left out.
    assert trees.names(dataset.query) == [f"{trees.landmark(k)}.jpg" for k in (10, 13)]
    assert trees.names(dataset.gallery) == [
        f"{trees.landmark(512 + 300 * k)}.jpg" for k in range(6)
    ]
    assert trees.positives(dataset.relevance) == [[0, 4], [2, 3, 5]]
    assert trees.ignored(dataset.relevance) == [[], []]
    assert set(dataset.gallery.labels) == {4}
    both = trees.read({"name": "gldv2", "root": tmp_path, "queries": ["Public", "Private"]})
    assert trees.positives(both.relevance) == [[0, 4], [1], [2, 3, 5]]


def test_csv_files_may_lie_in_metadata(tmp_path: Path) -> None:
    tree = trees.gldv2(tmp_path)
    (tmp_path / "metadata").mkdir()
    for name in (TRAIN, SOLUTION):
        (tmp_path / name).rename(tmp_path / "metadata" / name)
    assert len(trees.read(tree).train) == 16


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (TRAIN, "landmark_id", "id", "expected columns landmark_id, images, got id, images"),
        (
            TRAIN,
            trees.landmark(110),
            "../../../etc/passwd",
            r"line 3: expected image ids of 16 .*, got '\.\.",
        ),
        (
            TRAIN,
            trees.landmark(110),
            "f" * 16,
            r"expected all 16 images that it names, got 15; missing: .*fff\.jpg",
        ),
        (SOLUTION, "Public", "public", "line 4: expected Usage .*, got 'public'"),
        (SOLUTION, "Private", "Ignored", "expected queries of Usage Private with images, got none"),
        (
            SOLUTION,
            trees.landmark(512),
            "f" * 16,
            "expected all 5 images of the index that it names, got 4; missing: f",
        ),
        (
            SOLUTION,
            trees.landmark(13),
            "f" * 16,
            "expected all 2 images that it names, got 1; missing: ",
        ),
    ],
)
def test_csv_files_that_are_not_as_published_are_named(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    tree = trees.gldv2(tmp_path)
    text = (tmp_path / name).read_text()
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        trees.read(tree)
    assert name in str(caught.value)
