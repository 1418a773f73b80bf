import doctest
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner
from upgrade_folders import ITEMS, NEW, OLD, QUERIES, SAMPLE, arrays, folder, spaces

import backfill.vectors
from backfill.cli import app
from backfill.errors import InputError
from backfill.vectors import check
from backfill.vectors.scan import hashed, repeats
from backfill.vectors.shown import show


def rotated(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same items in two spaces of 8 dimensions, too many to be alike by chance."""
    rng = np.random.default_rng(4)
    maps = [np.linalg.qr(rng.normal(size=(OLD, OLD)))[0] for _ in range(2)]
    items = np.random.default_rng(seed).normal(size=(count, OLD)) + np.eye(OLD)[0] * 3
    old, new = ((items @ by).astype(np.float32) for by in maps)
    return old, new


def test_a_folder_without_mistakes_has_no_findings(tmp_path: Path) -> None:
    report = check(folder(tmp_path))
    assert report.ok
    assert report.findings == []
    found = {file.name: (file.rows, file.width, file.dtype) for file in report.files}
    assert found["old"] == (ITEMS, OLD, "float32")
    assert found["new"] == (len(SAMPLE), NEW, "float32")
    assert found["sample"] == (len(SAMPLE), None, None)
    missing = {missing.name: missing.without for missing in report.missing}
    assert missing["qrels or labels"] == "only agreement with `new` can be measured"
    assert "sample" not in missing


def test_what_needs_no_file_is_not_missing(tmp_path: Path) -> None:
    path = folder(
        tmp_path, new=spaces(ITEMS, 1)[1], sample=None, queries_old=None, queries_new=None
    )
    names = {missing.name for missing in check(path).missing}
    assert not names & {"sample", "query_ids", "query_labels", "query_weights", "query_texts"}
    assert {"queries_old", "queries_new", "qrels or labels"} <= names


def changed(name: str, rows: Any, values: Any) -> dict[str, np.ndarray]:
    array = arrays()[name].copy()
    array[rows] = values
    return {name: array}


def swapped(**pairs: np.ndarray) -> dict[str, Any]:
    old, new = rotated(ITEMS, 1)
    queries_old, queries_new = rotated(QUERIES, 2)
    return {"old": old, "new": new[SAMPLE], "queries_old": queries_new, "queries_new": queries_old}


def shifted() -> dict[str, np.ndarray]:
    """A row of the new queries lost half-way."""
    new = arrays()["queries_new"]
    return {"queries_new": np.concatenate([new[:20], new[21:], new[20:21]])}


def reordered() -> dict[str, np.ndarray]:
    return {"sample": np.random.default_rng(0).permutation(SAMPLE)}


FOUND: dict[str, tuple[dict[str, Any], str, str]] = {
    "nan": (
        changed("old", [3, 8, 9, 20], np.nan),
        "error",
        "old.npy: 4 of 300 rows hold NaN or infinity: rows 3, 8, 9, ...; embed them again",
    ),
    "zero": (changed("new", 5, 0), "error", "new.npy: 1 of 100 rows is zero: row 5; embed them"),
    "twice": (
        changed("old", [7, 9], arrays()["old"][2]),
        "warning",
        "old.npy: 2 of 300 rows are copies of earlier ones: row 7 is row 2, row 9 is row 2",
    ),
    "order": (
        reordered(),
        "error",
        "old.npy and new.npy do not belong together row by row: of 10 nearest neighbours",
    ),
    "shift": (
        shifted(),
        "error",
        "they fit queries_old.npy better one row further: has a row",
    ),
    "same": (
        {"queries_new": arrays()["queries_old"], "new": arrays()["old"][SAMPLE]},
        "warning",
        "old.npy and new.npy hold the same vectors: nothing changes",
    ),
    "spaces": (
        swapped(),
        "error",
        "queries_old.npy: its rows are more similar to those of new.npy than to those of old.npy",
    ),
    "copies of the other side": (
        {
            "old": rotated(ITEMS, 1)[0],
            "new": rotated(ITEMS, 1)[1][SAMPLE],
            "queries_old": rotated(ITEMS, 1)[1][SAMPLE],
            "queries_new": rotated(ITEMS, 1)[0][SAMPLE],
        },
        "error",
        "queries_old.npy: 100 of 100 rows are rows of new.npy, 0 of old.npy: are the queries' old",
    ),
    "queries from the gallery": (
        changed("queries_old", [4], arrays()["old"][9]),
        "warning",
        "queries_old.npy: 1 of 60 rows is also a row of old.npy: such a query finds its own copy",
    ),
    "queries for gallery": (
        {"queries_old": spaces(400, 2)[0], "queries_new": spaces(400, 2)[1]},
        "warning",
        "queries_old.npy has 400 rows and old.npy 300, fewer: are queries and gallery swapped?",
    ),
    "few pairs": (
        {"new": arrays()["new"][::20], "sample": SAMPLE[::20]},
        "warning",
        "new.npy: 5 pairs to fit maps on are fewer than the 8 dimensions of old.npy: maps are shr",
    ),
    "one query": (
        {"queries_old": spaces(1, 2)[0], "queries_new": spaces(1, 2)[1]},
        "warning",
        "queries_old.npy: one query is too few to tell methods apart",
    ),
    "no queries": (
        {"queries_old": None, "queries_new": None},
        "note",
        "There are no queries: held-out gallery items stand in for them",
    ),
    "the first rows": (
        {"new": spaces(ITEMS, 1)[1][:100], "sample": np.arange(100)},
        "warning",
        "sample.npy: its 100 rows are not spread over the gallery's 300, from 0 to 99",
    ),
    "another name": (
        {"query_old": np.ones((3, 3))},
        "warning",
        "query_old.npy is not read: no such name is known; is it 'queries_old'?",
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_is_wrong_is_found(case: str, tmp_path: Path) -> None:
    files, level, message = FOUND[case]
    report = check(folder(tmp_path, **files))
    assert any(message in found for found in report.of(level)), report.findings
    assert report.ok == (level != "error")


def test_one_mistake_does_not_hide_the_next(tmp_path: Path) -> None:
    path = folder(
        tmp_path, ids=np.array(["a", "a"]), query_weights=-np.ones(QUERIES), **changed("old", 3, 0)
    )
    (path / "texts.json").write_text("{")
    report = check(path)
    files = [message.split(":")[0] for message in report.of("error")]
    assert sorted(set(files)) == ["ids.npy", "old.npy", "query_weights.npy", "texts.json"]
    assert {file.name for file in report.files if file.rows is None} == {"texts"}


def test_equal_numbers_have_equal_hashes_in_every_type() -> None:
    rows = np.random.default_rng(0).normal(size=(500, 7)).astype(np.float16)
    rows[0, 0], rows[1] = -0.0, rows[0]
    rows[1, 0] = 0.0
    hashes = [hashed(rows.astype(dtype)) for dtype in (np.float16, np.float32, np.float64)]
    np.testing.assert_array_equal(hashes[0], hashes[1])
    np.testing.assert_array_equal(hashes[0], hashes[2])
    assert len(np.unique(hashes[0])) == 499
    assert repeats(rows, hashes[0]) == (1, [(1, 0)])


def test_rows_of_few_digits_have_distinct_hashes() -> None:
    rows = np.stack(np.meshgrid(*[np.arange(8.0)] * 5), -1).reshape(-1, 5)
    assert len(np.unique(hashed(rows))) == 8**5


def test_the_command_prints_what_it_found_and_ends_with_1_on_errors(tmp_path: Path) -> None:
    good, bad = folder(tmp_path / "good"), folder(tmp_path / "bad", **changed("old", 3, 0))
    done = CliRunner().invoke(app, ["check", str(good)])
    assert done.exit_code == 0
    assert f"No errors and no warnings. Next: backfill forecast {good}" in done.output
    done = CliRunner().invoke(app, ["check", str(bad)])
    assert done.exit_code == 1
    assert "error: old.npy: 1 of 300 rows is zero: row 3; embed" in done.output
    done = CliRunner().invoke(app, ["check", str(bad), "--json"])
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert said["ok"] is False
    assert said["findings"][0]["level"] == "error"


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a folder"):
        check(tmp_path / "nowhere")


def test_half_of_the_labels_lacks_the_other(tmp_path: Path) -> None:
    report = check(folder(tmp_path, labels=np.arange(ITEMS)))
    names = {missing.name: missing.without for missing in report.missing}
    assert names["query_labels"] == "labels of items say nothing"
    assert "labels" not in names


def test_texts_without_vectors_are_to_be_embedded(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text('{"_id": "a", "text": "b"}')
    assert "`backfill embed` makes it from texts" in check(tmp_path).of("error")[0]


def test_the_example_of_the_package_prints_what_it_says() -> None:
    done = doctest.testmod(backfill.vectors)
    assert done.failed == 0
    assert done.attempted > 8


def test_names_that_look_like_markup_are_printed_as_they_are(tmp_path: Path) -> None:
    path = folder(tmp_path)
    np.save(path / "[red]queries_old.npy", np.ones(3))
    console = Console(record=True, width=80)
    show(check(path), console)
    assert "warning: [red]queries_old.npy is not read" in console.export_text()


def test_neither_torch_nor_dvc_nor_hydra_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from backfill.cli import app\n"
        f"app(['check', {str(folder(tmp_path))!r}], standalone_mode=False)\n"
        "assert not {'torch', 'dvc', 'hydra', 'matplotlib', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_a_folder_whose_name_is_not_utf_8_is_printed(tmp_path: Path) -> None:
    path = folder(tmp_path / "caf\udce9")
    strict = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    command = [sys.executable, "-m", "backfill.cli", "check", str(path)]
    done = subprocess.run(command, capture_output=True, env=strict)
    assert done.returncode == 0, done.stderr
    assert b"caf\\udce9" in done.stdout
