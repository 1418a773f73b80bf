"""A folder of texts becomes one that a forecast reads, whatever happens on the way."""

import json
import multiprocessing
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill import vectors
from backfill.errors import InputError
from backfill.texts import Embedded, Prompts, embed, models

from .conftest import DOCUMENTS, QUERIES, Pair

# The libraries take seconds to import: one worker of pytest does.
pytestmark = pytest.mark.xdist_group("texts")

FILES = ("old", "new", "sample", "queries_old", "queries_new", "ids", "query_ids")


def run(folder: Path, pair: Pair, **options: Any) -> Embedded:
    return embed(folder, *pair, **{"sample": 20, "shard": 8, **options})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.stem in FILES}


@pytest.fixture
def embedded_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Receives every text that a model is asked to embed."""
    seen: list[str] = []
    encode = models.encode

    def spying(name: str, texts: list[str], *others: Any) -> Any:
        seen.extend(texts)
        return encode(name, texts, *others)

    monkeypatch.setattr(models, "encode", spying)
    return seen


def test_a_forecast_can_read_the_folder(folder: Path, pair: Pair) -> None:
    done = run(folder, pair)
    assert done.rows == {"old": 50, "new": 20, "queries_old": 3, "queries_new": 3}
    upgrade = vectors.read(folder)
    assert list(upgrade.ids) == [f"d{k}" for k in range(50)]
    assert list(upgrade.query_ids) == ["q0", "q1", "q2"]
    assert (np.diff(upgrade.sample) > 0).all()
    for found, model, texts in (
        (upgrade.old[:], pair.old, DOCUMENTS),
        (upgrade.new[:], pair.new, [DOCUMENTS[row] for row in upgrade.sample]),
        (upgrade.queries_old, pair.old, QUERIES),
        (upgrade.queries_new, pair.new, QUERIES),
    ):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, models.load(model).encode(texts), atol=1e-5)


def test_rates_are_left_for_the_forecast(folder: Path, pair: Pair) -> None:
    done = run(folder, pair)
    stored = json.loads((folder / ".backfill" / "rates.json").read_text())
    assert {side: rate["items"] for side, rate in stored.items()} == {"old": 50, "new": 20}
    assert stored["old"]["items_per_s"] == done.rates["old"].items_per_s > 0
    assert stored["old"]["model"] == pair.old


def slowly(folder: Path, pair: Pair) -> None:
    import torch

    torch.set_num_threads(1)
    encode = models.encode

    def slow(*arguments: Any) -> Any:
        time.sleep(0.1)
        return encode(*arguments)

    models.encode = slow
    run(folder, pair)


def test_a_run_that_is_killed_goes_on_to_the_same_bytes(
    folder: Path, pair: Pair, embedded_texts: list[str]
) -> None:
    whole = shutil.copytree(folder, folder.with_name("whole"))
    run(whole, pair)
    embedded_texts.clear()
    killed = multiprocessing.get_context("fork").Process(target=slowly, args=(folder, pair))
    killed.start()
    finished: list[Path] = []
    while len(finished) < 6:  # of 3 + 1 + 7 + 1
        assert killed.is_alive()
        finished = [*folder.glob(".backfill/embed/*/[0-9]*.npz")]
    killed.kill()
    killed.join()
    assert not (folder / "old.npy").exists()
    run(folder, pair)
    assert 0 < len(embedded_texts) <= 50 + 20 + 6 - (16 + 4 + 3)
    assert contents(folder) == contents(whole)


def test_nothing_is_embedded_twice(folder: Path, pair: Pair, embedded_texts: list[str]) -> None:
    run(folder, pair)
    before = contents(folder)
    embedded_texts.clear()
    run(folder, pair)
    assert embedded_texts == []
    assert contents(folder) == before


def test_shards_may_be_removed_when_all_is_done(
    folder: Path, pair: Pair, embedded_texts: list[str]
) -> None:
    first = run(folder, pair)
    shutil.rmtree(folder / ".backfill" / "embed")
    embedded_texts.clear()
    assert run(folder, pair).rates == first.rates
    assert embedded_texts == []


def test_a_larger_sample_takes_over_the_smaller_one(
    folder: Path, pair: Pair, embedded_texts: list[str]
) -> None:
    run(folder, pair, sample=16)
    first = np.load(folder / "sample.npy")
    embedded_texts.clear()
    run(folder, pair, sample=24)
    assert len(embedded_texts) == 8
    assert set(first) < set(np.load(folder / "sample.npy"))


def test_changed_texts_are_embedded_anew(folder: Path, pair: Pair) -> None:
    run(folder, pair)
    corpus = folder / "corpus.jsonl"
    corpus.write_text(corpus.read_text().replace('"ak"', '"zz"'))
    run(folder, pair)
    changed = ["zz" if text == "ak" else text for text in DOCUMENTS]
    assert changed != DOCUMENTS
    expected = models.load(pair.old).encode(changed)
    np.testing.assert_allclose(np.load(folder / "old.npy"), expected, atol=1e-5)


def test_a_changed_model_of_the_same_name_embeds_anew(folder: Path, pair: Pair) -> None:
    model = shutil.copytree(pair.old, folder.with_name("model"))
    run(folder, Pair(str(model), pair.new))
    shutil.copytree(pair.new, model, dirs_exist_ok=True)
    models.load.cache_clear()
    run(folder, Pair(str(model), pair.new))
    assert np.load(folder / "old.npy").shape == (50, 12)


def test_texts_that_change_under_way_are_noticed(
    folder: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = models.load

    def touching(name: str) -> Any:
        (folder / "corpus.jsonl").open("a").write("\n")
        return load(name)

    monkeypatch.setattr(models, "load", touching)
    with pytest.raises(InputError, match=r"corpus\.jsonl: expected it unchanged, got new content"):
        run(folder, pair)


@pytest.mark.parametrize("file", ["old.npy", "new.parquet", "ids.json"])
def test_files_of_the_user_are_never_replaced(folder: Path, pair: Pair, file: str) -> None:
    (folder / file).write_bytes(b"mine")
    with pytest.raises(InputError, match=f"{file}: expected no file of this name"):
        run(folder, pair)
    assert (folder / file).read_bytes() == b"mine"


def test_a_link_to_nothing_is_none_of_the_files_that_were_made(folder: Path, pair: Pair) -> None:
    run(folder, pair)
    (folder / "old.npy").unlink()
    (folder / "old.npy").symlink_to("missing")
    with pytest.raises(InputError, match=r"old\.npy: expected no file of this name"):
        run(folder, pair)


def test_what_is_no_longer_asked_for_goes(folder: Path, pair: Pair) -> None:
    run(folder, pair)
    (folder / "queries.jsonl").unlink()
    done = run(folder, pair, sample=None)
    assert set(contents(folder)) == {"old.npy", "new.npy", "ids.txt"}
    assert len(np.load(folder / "new.npy")) == 50
    assert done.notes[0].startswith("queries.jsonl: there is none")


def test_prompts_come_before_texts(folder: Path, pair: Pair) -> None:
    run(folder, pair, query_prompts=Prompts(new="q: "), document_prompts=Prompts("d: ", "d: "))
    new, old = models.load(pair.new), models.load(pair.old)
    for file, expected in (
        ("queries_new", new.encode([f"q: {text}" for text in QUERIES])),
        ("queries_old", old.encode(QUERIES)),
        ("old", old.encode([f"d: {text}" for text in DOCUMENTS])),
    ):
        np.testing.assert_allclose(np.load(folder / f"{file}.npy"), expected, atol=1e-5)


def test_half_precision_is_stored_on_request(folder: Path, pair: Pair) -> None:
    run(folder, pair, half=True)
    assert np.load(folder / "old.npy").dtype == np.load(folder / "new.npy").dtype == np.float16


def test_empty_and_long_texts_are_stated(folder: Path, pair: Pair) -> None:
    with (folder / "queries.jsonl").open("a") as file:
        file.write('{"_id": "q3", "text": ""}\n')
    notes = run(folder, pair).notes
    assert "queries.jsonl: 1 of 4 texts are empty, such as 'q3'" in notes[0]
    long = sum(len(text) > 14 for text in DOCUMENTS)  # 16 tokens, two of which stand at the ends
    assert any(f"old: {long} of 50 texts are longer than old reads" in note for note in notes)
