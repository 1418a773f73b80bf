import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from upgrade_folders import ITEMS, NEW, OLD, QUERIES, SAMPLE, SAMPLED, arrays, folder, spaces

from backfill.errors import InputError
from backfill.vectors import read
from backfill.vectors.lists.lines import Lines

GALLERY_IDS = [f"d{row}" for row in range(ITEMS)]
QUERY_IDS = [f"q{row}" for row in range(QUERIES)]


def test_a_folder_without_mistakes_is_read(tmp_path: Path) -> None:
    there = arrays()
    upgrade = read(folder(tmp_path))
    for name, array in there.items():
        np.testing.assert_array_equal(np.asarray(getattr(upgrade, name)), array)
    assert upgrade.ids[5] == "5"
    assert upgrade.query_ids[-1] == str(QUERIES - 1)
    assert upgrade.notes == []
    nothing = (upgrade.pairs_old, upgrade.judgements, upgrade.weights, upgrade.texts)
    assert nothing == (None, None, None, None)


def test_a_sample_in_any_order_is_read_by_ascending_rows(tmp_path: Path) -> None:
    shuffled = np.random.default_rng(0).permutation(SAMPLED)
    new = arrays()["new"]
    upgrade = read(folder(tmp_path, sample=SAMPLE[shuffled], new=new[shuffled]))
    np.testing.assert_array_equal(upgrade.sample, SAMPLE)
    np.testing.assert_array_equal(np.asarray(upgrade.new), new)
    np.testing.assert_array_equal(upgrade.new[[4, 2]], new[[4, 2]])
    np.testing.assert_array_equal(upgrade.new[10:20], new[10:20])
    assert (upgrade.new.shape, upgrade.new.dtype, len(upgrade.new)) == (new.shape, "f4", SAMPLED)


@pytest.mark.parametrize("suffix", [".npy", ".txt", ".json", ".jsonl", ".parquet"])
def test_ids_and_samples_by_id_are_read_in_every_format(suffix: str, tmp_path: Path) -> None:
    path = folder(tmp_path, sample=None)
    write_list(path / f"ids{suffix}", GALLERY_IDS)
    write_list(path / f"sample{suffix}", [GALLERY_IDS[row] for row in SAMPLE])
    upgrade = read(path)
    assert list(upgrade.ids) == GALLERY_IDS
    assert upgrade.ids[2:4] == ["d2", "d3"]
    np.testing.assert_array_equal(upgrade.sample, SAMPLE)


def test_a_sample_is_known_by_the_ids_beside_its_vectors(tmp_path: Path) -> None:
    path = folder(tmp_path, sample=None, new=None)
    write_list(path / "ids.txt", GALLERY_IDS)
    ids = [GALLERY_IDS[row] for row in SAMPLE[::-1]]
    pq.write_table(pa.table({"id": ids, "v": list(arrays()["new"][::-1])}), path / "new.parquet")
    upgrade = read(path)
    np.testing.assert_array_equal(upgrade.sample, SAMPLE)
    np.testing.assert_array_equal(np.asarray(upgrade.new), arrays()["new"])


def test_new_queries_follow_the_ids_of_the_old(tmp_path: Path) -> None:
    path = folder(tmp_path, queries_old=None, queries_new=None)
    there, order = arrays(), np.random.default_rng(0).permutation(QUERIES)
    for name, rows in (("queries_old", np.arange(QUERIES)), ("queries_new", order)):
        ids = [QUERY_IDS[row] for row in rows]
        table = pa.table({"_id": ids, "v": list(there[name][rows])})
        pq.write_table(table, path / f"{name}.parquet")
    upgrade = read(path)
    np.testing.assert_array_equal(upgrade.queries_new, there["queries_new"])
    assert list(upgrade.query_ids) == QUERY_IDS


def test_row_numbers_in_a_text_file_are_row_numbers(tmp_path: Path) -> None:
    path = folder(tmp_path, sample=None)
    write_list(path / "sample.txt", SAMPLE.tolist())
    np.testing.assert_array_equal(read(path).sample, SAMPLE)
    write_list(path / "ids.txt", GALLERY_IDS)
    upgrade = read(path)
    np.testing.assert_array_equal(upgrade.sample, SAMPLE)
    assert upgrade.notes == ["sample.txt is read as row numbers of the gallery, not as ids."]


def test_numbers_that_are_no_rows_are_ids(tmp_path: Path) -> None:
    path = folder(tmp_path, ids=np.arange(ITEMS) + 1000, sample=SAMPLE + 1000)
    upgrade = read(path)
    np.testing.assert_array_equal(upgrade.sample, SAMPLE)
    assert upgrade.ids[3] == "1003"


def test_numbers_that_are_rows_and_ids_are_rows_and_that_is_said(tmp_path: Path) -> None:
    upgrade = read(folder(tmp_path, ids=np.arange(ITEMS)[::-1].copy()))
    np.testing.assert_array_equal(upgrade.sample, SAMPLE)
    assert upgrade.notes == ["sample.npy is read as row numbers of the gallery, not as ids."]


def test_lines_are_the_same_one_by_one_and_in_a_row(tmp_path: Path) -> None:
    for number, data in enumerate([b"a\r\n\nb", b"\xef\xbb\xbfa\n b \n", b"\n", b"\xc3\xa4"]):
        path = tmp_path / f"{number}.txt"
        path.write_bytes(data)
        lines = Lines(path)
        assert list(lines) == [lines[at] for at in range(len(lines))]
        assert len(lines) == len(data.splitlines())


def test_new_vectors_of_all_need_no_sample(tmp_path: Path) -> None:
    upgrade = read(folder(tmp_path, sample=None, new=spaces(ITEMS, 1)[1]))
    np.testing.assert_array_equal(upgrade.sample, np.arange(ITEMS))
    assert "row i of both is the same item" in upgrade.notes[0]


def test_without_queries_gallery_items_stand_in(tmp_path: Path) -> None:
    upgrade = read(folder(tmp_path, queries_old=None, queries_new=None))
    assert upgrade.queries_old is None
    assert upgrade.query_ids == ()
    assert upgrade.notes == ["There are no queries: held-out gallery items stand in for them."]


@pytest.mark.parametrize("kind", ["integers", "strings"])
def test_the_same_label_is_relevant(kind: str, tmp_path: Path) -> None:
    labels, query_labels = np.arange(ITEMS) % 7, np.arange(QUERIES) % 8
    if kind == "strings":
        labels, query_labels = (np.char.add("c", a.astype(str)) for a in (labels, query_labels))
    upgrade = read(folder(tmp_path, labels=labels, query_labels=query_labels))
    assert upgrade.judgements is not None
    assert upgrade.labels is not None
    items, grades = upgrade.judgements.relevant(3)
    np.testing.assert_array_equal(items, np.arange(3, ITEMS, 7))
    assert set(grades.tolist()) == {1}
    assert len(upgrade.judgements.relevant(7)[0]) == 0
    assert upgrade.notes == ["Queries with a label that no gallery item has: 7."]


def test_graded_judgements_are_read_by_id(tmp_path: Path) -> None:
    path = folder(tmp_path, labels=np.zeros(ITEMS, int), query_labels=np.zeros(QUERIES, int))
    write_list(path / "ids.txt", GALLERY_IDS)
    write_list(path / "query_ids.json", QUERY_IDS)
    (path / "qrels").mkdir()
    (path / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td7\t2\nq1\td3\t0\nq0\tgone\t1\nq9999\td1\t1\n"
    )
    upgrade = read(path)
    assert upgrade.judgements is not None
    assert [found.tolist() for found in upgrade.judgements.relevant(1)] == [[7], [2]]
    assert upgrade.notes == [
        "Judgements are those of test.tsv; labels are not judged by.",
        "Queries that only qrels name are left out: 1.",
        "Items that only qrels name are left out: 1, such as 'gone'.",
        f"Queries without a judgement: {QUERIES - 2} of {QUERIES}.",
    ]


def test_texts_of_beir_are_found_by_id_or_by_row(tmp_path: Path) -> None:
    path = folder(tmp_path)
    rows = [
        json.dumps({"_id": name, "title": "A" if name == "d1" else "", "text": f"text of {name}"})
        for name in GALLERY_IDS
    ]
    (path / "corpus.jsonl").write_text("\n".join(rows) + "\n")
    lines = [json.dumps({"_id": name, "text": name.upper()}) for name in QUERY_IDS]
    (path / "queries.jsonl").write_text("\n".join(['{"_id": "other", "text": ""}', *lines[::-1]]))
    with pytest.raises(InputError, match=r"queries.jsonl: expected 60 lines, .* got 61; with a"):
        read(path)
    write_list(path / "query_ids.txt", QUERY_IDS)
    upgrade = read(path)
    assert upgrade.texts is not None
    assert upgrade.query_texts is not None
    assert (upgrade.texts[1], upgrade.texts[2]) == ("A text of d1", "text of d2")
    assert list(upgrade.ids) == GALLERY_IDS
    assert upgrade.query_texts[3] == "Q3"
    assert upgrade.query_texts[:2] == ["Q0", "Q1"]


def test_weights_pairs_and_texts_are_read(tmp_path: Path) -> None:
    old, new = spaces(40, 5)
    path = folder(tmp_path, pairs_old=old, pairs_new=new, query_weights=np.arange(QUERIES))
    (path / "texts.txt").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(GALLERY_IDS).encode())
    upgrade = read(path)
    assert upgrade.pairs_new is not None
    assert upgrade.texts is not None
    assert upgrade.weights is not None
    assert upgrade.pairs_new.shape == (40, NEW)
    assert (upgrade.texts[0], upgrade.texts[-1]) == ("d0", GALLERY_IDS[-1])
    assert (upgrade.weights.dtype, upgrade.weights[5]) == (np.float64, 5)


def spoilt(name: str, row: int, value: float) -> np.ndarray:
    array = arrays()[name].copy()
    array[row] = value
    return array


def rows_twice() -> np.ndarray:
    sample = SAMPLE.copy()
    sample[40] = sample[17]
    return sample


def ids_twice() -> np.ndarray:
    ids = np.array(GALLERY_IDS)
    ids[9] = ids[4]
    return ids


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no old": (
        {"old": None},
        r"/old: expected old vectors of the gallery as .npy, .npz, .parquet or",
    ),
    "another name": ({"old": None, "olds": spaces(3, 0)[0]}, "got no such file; is it 'olds'"),
    "no new": ({"new": None}, "/new: expected new vectors of the sampled items"),
    "no sample": (
        {"sample": None},
        r"sample: expected which rows of old.npy the 100 of new.npy are, as it has 300, got no",
    ),
    "more new than old": (
        {"sample": None, "new": spaces(ITEMS + 5, 1)[1]},
        "new.npy: expected at most 300 rows as in old.npy, got 305: are the two swapped?",
    ),
    "old and new swapped": (
        {"old": arrays()["new"], "new": arrays()["old"], "sample": SAMPLE},
        "sample.npy: expected 300 rows as in new.npy, got 100, as old.npy has: are old and new sw",
    ),
    "queries swapped": (
        {"queries_old": spaces(QUERIES, 2)[1], "queries_new": spaces(QUERIES, 2)[0]},
        r"queries_old.npy: expected 8 dimensions as in old.npy, got 12, the width of new.npy: are "
        "queries_old.npy and queries_new.npy swapped",
    ),
    "another width": (
        {"queries_new": np.ones((QUERIES, 5))},
        "queries_new.npy: expected 12 dimensions as in new.npy, got 5$",
    ),
    "queries of one side": (
        {"queries_new": None},
        "queries_new: expected new vectors of the queries that queries_old.npy has the other",
    ),
    "pairs of one side": ({"pairs_old": np.ones((3, OLD))}, "pairs_new: expected new vectors of"),
    "fewer new queries": (
        {"queries_new": spaces(QUERIES - 1, 2)[1]},
        "queries_new.npy: expected 60 rows as in queries_old.npy, got 59",
    ),
    "queries for gallery": (
        {"labels": np.arange(QUERIES)},
        "labels.npy: expected 300 rows as in old.npy, got 60, as queries_old.npy and queries_new",
    ),
    "sample of another length": (
        {"sample": SAMPLE[:-1]},
        "sample.npy: expected 100 rows as in new.npy, got 99",
    ),
    "sample outside": (
        {"sample": SAMPLE + ITEMS},
        r"sample.npy: expected rows in 0..299 of old.npy, got \d+ in row 0, and 100 outside",
    ),
    "sample twice": (
        {"sample": rows_twice()},
        r"sample.npy: expected each gallery item once, got row \d+ of the gallery in rows 17 and",
    ),
    "sample of numbers": ({"sample": SAMPLE / 2}, "expected row numbers or ids, got float64"),
    "sample of ids without ids": (
        {"sample": np.array(["a"] * SAMPLED)},
        "sample.npy: expected row numbers, as no file names the gallery's ids, got 'a'",
    ),
    "unknown ids": (
        {"ids": np.array(GALLERY_IDS), "sample": np.array([f"d{row + 250}" for row in range(100)])},
        "sample.npy: expected ids of old.npy, such as 'd0', got 'd300', and 50 of 100 that it does",
    ),
    "ids twice": ({"ids": ids_twice()}, "ids.npy: expected each id once, got 'd4' in rows 4 and 9"),
    "fewer ids": ({"ids": np.array(["a"])}, "ids.npy: expected 300 rows as in old.npy, got 1"),
    "ids of numbers": ({"ids": np.ones(ITEMS) / 2}, "expected strings or integers as ids"),
    "ids of objects": ({"ids": np.array(GALLERY_IDS, dtype=object)}, "save np.array"),
    "nan in old": ({"old": spoilt("old", 3, np.nan)}, "old.npy: .* got NaN or infinity in row 3"),
    "inf in new": ({"new": spoilt("new", 9, np.inf)}, "new.npy: .* got NaN or infinity in row 9"),
    "zero in old": ({"old": spoilt("old", 7, 0)}, "old.npy: .* got only zeros in row 7"),
    "zero query": ({"queries_new": spoilt("queries_new", 2, 0)}, "queries_new.npy: .* at row 2"),
    "too large a query": (
        {"queries_old": np.full((QUERIES, OLD), 1e300)},
        "queries_old.npy: expected finite numbers, got inf at row 0",
    ),
    "labels of numbers": ({"labels": np.ones(ITEMS) / 2}, "expected strings or integers as labels"),
    "labels that never meet": (
        {"labels": np.zeros(ITEMS, int), "query_labels": np.ones(QUERIES, int)},
        "query_labels.npy: expected labels of gallery items, got none that labels.npy has, such as",
    ),
    "labels of two kinds": (
        {"labels": np.zeros(ITEMS, int), "query_labels": np.array(["a"] * QUERIES)},
        "query_labels.npy: expected labels as in labels.npy, int64, got <U1",
    ),
    "weights below 0": ({"query_weights": -np.ones(QUERIES)}, "at least 0, got -1.0 in row 0"),
    "weights of 0": ({"query_weights": np.zeros(QUERIES)}, "expected a weight above 0"),
    "weights in words": ({"query_weights": np.array(["x"] * QUERIES)}, "expected numbers, got"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_mistake_is_one_error_that_names_the_file(case: str, tmp_path: Path) -> None:
    changed, message = BAD[case]
    with pytest.raises(InputError, match=message) as caught:
        read(folder(tmp_path, **changed))
    assert str(caught.value).startswith(str(tmp_path))


FILES: dict[str, tuple[str, str | bytes, str]] = {
    "two files of a name": ("old.npz", "", "expected one file of this name, got old.npy, old.npz"),
    "another suffix": ("ids.csv", "a", r"ids.csv: expected .json, .jsonl, .npy, .parquet or .txt"),
    "judgements of nobody": (
        "qrels.tsv",
        "query-id\tcorpus-id\tscore\nq1\t1\t1\n",
        "qrels.tsv: expected queries by their ids, such as '0', got none that is there, such as "
        "'q1'; without a file query_ids row numbers are the ids",
    ),
    "judgements of nothing": (
        "qrels.txt",
        "1 0 d1 1\n",
        "qrels.txt: expected items by their ids, such as '0', got none that is there, such as 'd1'",
    ),
    "no JSON": ("texts.json", "[", "texts.json: expected a JSON list of strings or numbers, got"),
    "deep JSON": (
        "texts.json",
        "[" * 100_000,
        "texts.json: expected a JSON list of strings or numbers, got",
    ),
    "no list": ("texts.json", "{}", "expected a JSON list of strings or numbers, got dict"),
    "lists": (
        "ids.json",
        "[[1]]",
        r"ids.json: expected a JSON list of strings or numbers, got \[1\] in row 0",
    ),
    "no line": ("ids.txt", "", "ids.txt: expected at least one line, got an empty file"),
    "no UTF-8": ("ids.txt", b"\xff\n" * ITEMS, "ids.txt: line 1: 'utf-8' codec can't decode"),
    "no field": (
        "ids.jsonl",
        '{"a": 1}\n' * ITEMS,
        "ids.jsonl: line 1: expected a string or an object with 'ids' or '_id' or 'id', got",
    ),
    "fewer texts": ("texts.txt", "a\nb\n", "texts.txt: expected 300 rows as in old.npy, got 2"),
    "texts of numbers": ("texts.json", str([1] * ITEMS), "texts.json: expected strings, got 1"),
    "columns": ("ids.parquet", b"PAR1" * 9, "ids.parquet: expected a Parquet file, got"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_damaged_file_is_one_error_that_names_it(case: str, tmp_path: Path) -> None:
    name, data, message = FILES[case]
    path = folder(tmp_path)
    (path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(str(tmp_path))


def test_labels_of_one_side_say_nothing_of_relevance(tmp_path: Path) -> None:
    upgrade = read(folder(tmp_path, labels=np.zeros(ITEMS, int)))
    assert upgrade.judgements is None
    assert upgrade.notes == ["labels.npy alone says nothing of relevance: query_labels would."]


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    path = folder(tmp_path, old=None)
    os.mkfifo(path / "old.npy")
    with pytest.raises(InputError, match=r"old.npy: expected a file, got something else"):
        read(path)


def test_ids_of_two_files_must_agree(tmp_path: Path) -> None:
    path = folder(tmp_path, old=None)
    write_list(path / "ids.txt", GALLERY_IDS)
    table = pa.table({"id": GALLERY_IDS[::-1], "v": list(arrays()["old"])})
    pq.write_table(table, path / "old.parquet")
    with pytest.raises(InputError, match=r"expected the ids of old.parquet, 'd299' in row 0, got"):
        read(path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="expected a folder with old and new vectors, got: No such"
    ):
        read(tmp_path / "nowhere")


def write_list(path: Path, values: list[Any]) -> None:
    """Write values in the format of the suffix."""
    writers: dict[str, Callable[[], Any]] = {
        ".npy": lambda: np.save(path, np.array(values)),
        ".txt": lambda: path.write_text("".join(f"{value}\n" for value in values)),
        ".json": lambda: path.write_text(json.dumps(values)),
        ".jsonl": lambda: path.write_text("\n".join(json.dumps({"_id": v}) for v in values)),
        ".parquet": lambda: pq.write_table(pa.table({"x": [0] * len(values), "id": values}), path),
    }
    writers[path.suffix]()
