"""A folder of vectors as a dataset: what is searched, what maps are fitted on, what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill.datasets import load
from backfill.datasets.check import check
from backfill.datasets.readers.embeddings import Embeddings, vectors_of
from backfill.errors import InputError

ITEMS, QUERIES = 30, 5
rng = np.random.default_rng(0)
OLD, NEW = rng.normal(size=(ITEMS, 4)), rng.normal(size=(ITEMS, 6))
LABELS = np.arange(ITEMS) % 3
WHOLE = {
    "old": OLD, "new": NEW, "queries_old": OLD[:QUERIES], "queries_new": NEW[:QUERIES],
    "labels": LABELS, "query_labels": LABELS[:QUERIES],
}  # fmt: skip


def settings(folder: Path, without: str = "", **changed: Any) -> Embeddings:
    """Those of a folder that has everything, but for names that start like `without`."""
    for name, array in (WHOLE | changed).items():
        if not without or not name.startswith(without):
            np.save(folder / f"{name}.npy", array)
    return Embeddings(root=folder, queries=8)


def test_queries_search_all_items_and_maps_are_fitted_on_a_third(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    dataset = load(chosen)
    assert (len(dataset.train), len(dataset.query), len(dataset.gallery)) == (10, QUERIES, ITEMS)
    assert dataset.gallery.images is None
    np.testing.assert_array_equal(dataset.relevance.positives(1), np.flatnonzero(LABELS == 1))
    assert "Maps are fitted on items of the gallery, drawn at random: 10 of 30." in dataset.notes
    old, new = vectors_of(chosen, "old"), vectors_of(chosen, "new")
    np.testing.assert_array_equal(old["query"], OLD[:QUERIES].astype(np.float32))
    np.testing.assert_array_equal(new["gallery"], NEW)
    rows = [int(np.flatnonzero((row == OLD).all(1))[0]) for row in old["train"]]
    np.testing.assert_array_equal(new["train"], NEW[rows])  # the same items in both spaces
    assert len(set(rows)) == 10
    other = Embeddings(root=tmp_path, seed=1)
    assert not np.array_equal(vectors_of(other, "old")["train"], old["train"])


def test_grades_above_0_are_relevant(tmp_path: Path) -> None:
    (tmp_path / "qrels.tsv").write_text("0\t7\t2\n0\t8\t1\n0\t9\t0\n")
    dataset = load(settings(tmp_path))
    assert dataset.relevance.positives(0).tolist() == [7, 8]
    assert dataset.relevance.positives(1).tolist() == []


def test_pairs_of_the_folder_come_first(tmp_path: Path) -> None:
    chosen = settings(tmp_path, pairs_old=OLD[:7] + 1, pairs_new=NEW[:7] + 1)
    assert len(load(chosen).train) == 7
    np.testing.assert_array_equal(vectors_of(chosen, "new")["train"], NEW[:7] + 1)


def test_without_queries_labelled_items_search_that_no_map_was_fitted_on(tmp_path: Path) -> None:
    chosen = settings(tmp_path, without="quer")
    dataset, old = load(chosen), vectors_of(chosen, "old")
    assert len(dataset.query) == 8
    assert not (old["query"][:, None] == old["train"]).all(2).any()
    (own,) = np.flatnonzero((old["query"][3] == OLD).all(1))
    assert dataset.relevance.ignored(3).tolist() == [own]


def test_a_sample_is_for_the_forecast(tmp_path: Path) -> None:
    chosen = settings(tmp_path, new=NEW[:20], sample=np.arange(20))
    with pytest.raises(InputError) as found:
        load(chosen)
    assert str(found.value) == (
        f"{tmp_path}: expected new vectors of all 30 items, to measure a curve, got those of 20; "
        f"`backfill forecast {tmp_path}` predicts it from a sample"
    )


def test_without_judgements_the_forecast_is_named(tmp_path: Path) -> None:
    chosen = settings(tmp_path, without="query_labels")
    with pytest.raises(InputError, match=r"expected qrels, or labels .* `backfill forecast "):
        load(chosen)


def test_the_check_of_datasets_says_what_is_there(tmp_path: Path) -> None:
    settings(tmp_path)
    assert "gallery     30 vectors" in check("embeddings", str(tmp_path), [], 4, 1)
