"""`backfill judge`: what people are asked, and that a forecast reads their answers."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from handmade import forecast as handmade
from typer.testing import CliRunner

from backfill.arrays import Int64s
from backfill.cli import app
from backfill.errors import InputError
from backfill.forecast.judging import pool, recommended
from backfill.vectors import read

ITEMS, QUERIES, SAMPLE = 200, 40, 80
NONE = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("vectors")
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(ITEMS + QUERIES, 8))
    noise = rng.normal(size=(2, ITEMS + QUERIES, 8))
    old, new = hidden + 0.5 * noise[0], hidden + 0.2 * noise[1]
    sample = np.sort(rng.permutation(ITEMS)[:SAMPLE])
    arrays = {"old": old[:ITEMS], "new": new[sample], "sample": sample,
              "queries_old": old[ITEMS:], "queries_new": new[ITEMS:]}  # fmt: skip
    for name, array in arrays.items():
        np.save(home / f"{name}.npy", array.astype(np.float32) if array.ndim > 1 else array)
    (home / "texts.json").write_text(json.dumps([f"item {i} </script>" for i in range(ITEMS)]))
    (home / "query_texts.json").write_text(json.dumps([f"query {q}" for q in range(QUERIES)]))
    np.save(home / "everything.npy", new.astype(np.float32))
    (home / "everything.npy").rename(home.parent / "everything.npy")
    return home


def first_ten(queries: np.ndarray, gallery: np.ndarray) -> Int64s:  # type: ignore[type-arg]
    unit = [a / np.linalg.norm(a, axis=1, keepdims=True) for a in (queries, gallery)]
    return np.argsort(-(unit[0] @ unit[1].T), axis=1, kind="stable")[:, :10]


def test_the_pool_has_the_old_systems_ten_and_what_is_known_of_the_new_ones(folder: Path) -> None:
    upgrade = read(folder)
    found = pool(upgrade, NONE, 12)
    assert len(found.queries) == 12
    assert upgrade.queries_old is not None
    old = first_ten(upgrade.queries_old[found.queries], np.asarray(upgrade.old[:]))
    for items, wanted in zip(found.items, old, strict=True):
        assert set(wanted.tolist()) <= set(items.tolist())
        assert 10 <= len(items) <= 20
    everything = np.load(folder.parent / "everything.npy")
    new = first_ten(everything[ITEMS:][found.queries], everything[:ITEMS])
    hits = sum(
        len(set(a.tolist()) & set(b.tolist())) for a, b in zip(new, found.items, strict=True)
    )
    alone = sum(len(set(a.tolist()) & set(b.tolist())) for a, b in zip(new, old, strict=True))
    assert hits > alone + 10  # maps and known vectors find more of them than the old system does
    assert 0 < found.expected < found.new == 120


def test_with_all_items_known_the_pool_is_both_top_tens(folder: Path, tmp_path: Path) -> None:
    everything = np.load(folder.parent / "everything.npy")
    for name in ("old", "queries_old", "queries_new"):
        (tmp_path / f"{name}.npy").write_bytes((folder / f"{name}.npy").read_bytes())
    np.save(tmp_path / "new.npy", everything[:ITEMS])
    upgrade = read(tmp_path)
    found = pool(upgrade, NONE, QUERIES)
    assert found.expected == 0
    assert upgrade.queries_old is not None
    old = first_ten(upgrade.queries_old, np.asarray(upgrade.old[:]))
    new = first_ten(everything[ITEMS:], everything[:ITEMS])
    for items, a, b in zip(found.items, old, new, strict=True):
        assert items.tolist() == sorted({*a.tolist(), *b.tolist()})


def test_queries_are_drawn_and_the_seed_draws_others(folder: Path) -> None:
    upgrade = read(folder)
    first, other = (pool(upgrade, NONE, 5, seed=seed).queries for seed in (0, 1))
    assert first.tolist() != other.tolist()


def test_the_command_writes_a_page_and_a_forecast_reads_its_answers(folder: Path) -> None:
    ran = CliRunner().invoke(app, ["judge", str(folder), "--queries", "6"])
    assert ran.exit_code == 0, ran.output
    assert "6 queries to judge" in " ".join(ran.output.split())
    text = (folder / "judge.html").read_text()
    data = re.search(r'id="data">(.*?)</script>', text)
    assert data is not None
    asked = json.loads(data[1])
    assert asked["file"] == "qrels.tsv"
    assert len(asked["queries"]) == 6
    assert re.fullmatch(r"query \d+", asked["queries"][0]["text"])
    assert re.fullmatch(r"item \d+ </script>", asked["queries"][0]["items"][0]["text"])
    lines = [f"{q['id']}\t{item['id']}\t1" for q in asked["queries"] for item in q["items"][:3]]
    answers = folder / asked["file"]
    answers.write_text("query-id\tcorpus-id\tscore\n" + "\n".join(lines))
    try:
        judgements = read(folder).judgements
        assert judgements is not None
        assert sorted(np.flatnonzero(judgements.relevant_counts)) == sorted(
            int(q["id"]) for q in asked["queries"]
        )
        # With less room than there are queries, those that somebody has judged are looked at.
        judged = pool(read(folder), NONE, 6, seed=3).queries
        assert judged.tolist() == sorted(int(q["id"]) for q in asked["queries"])
    finally:
        answers.unlink()


def test_without_queries_there_is_nothing_to_judge(folder: Path, tmp_path: Path) -> None:
    for name in ("old", "new", "sample"):
        (tmp_path / f"{name}.npy").write_bytes((folder / f"{name}.npy").read_bytes())
    with pytest.raises(InputError, match="queries_old, queries_new: expected queries"):
        pool(read(tmp_path), NONE, 30)


def test_the_method_is_that_of_the_last_forecast(tmp_path: Path) -> None:
    assert recommended(tmp_path) is None
    (tmp_path / "forecast.json").write_text("{")
    assert recommended(tmp_path) is None
    (tmp_path / "forecast.json").write_text(handmade().model_dump_json())
    assert recommended(tmp_path) == "mix"
