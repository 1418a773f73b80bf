"""A user's folder of vectors: read, checked, and asked for a forecast's own files."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import upgrade_folders as folders

from backfill.datasets import load
from backfill.datasets.readers.embeddings import Embeddings
from backfill.forecast import ask, cost, judging
from backfill.vectors import check
from backfill.vectors import read as read_folder
from fuzz.readers import bombs
from fuzz.readers.lists import text_cases
from fuzz.registry import Change, case, cases, content, reader


def _lists(folder: Path, items: int, queries: int) -> None:
    """What may lie beside vectors."""
    (folder / "ids.txt").write_text("".join(f"item {k}\n" for k in range(items)))
    (folder / "query_ids.json").write_text(json.dumps([f"query {k}" for k in range(queries)]))
    np.save(folder / "labels.npy", np.arange(items) % 5)
    np.save(folder / "query_labels.npy", np.arange(queries) % 5)
    (folder / "query_weights.json").write_text(json.dumps([1.0] * queries))
    (folder / "query_texts.txt").write_text("".join(f"what is {k}?\n" for k in range(queries)))
    (folder / "corpus.jsonl").write_bytes(
        bombs.jsonl(*({"_id": f"item {k}", "title": "", "text": f"t{k}"} for k in range(items)))
    )
    (folder / "qrels").mkdir()
    lines = [f"query {k % queries}\titem {k}\t1\n" for k in range(40)]
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(lines))


def made(folder: Path) -> None:
    """A folder with everything."""
    arrays = {n: v[:60] if n in ("old",) else v for n, v in folders.arrays().items()}
    arrays |= {"sample": np.arange(0, 60, 3), "new": arrays["new"][:20]}
    arrays |= {n: arrays[n][:10] for n in ("queries_old", "queries_new")}
    folders.folder(folder, **arrays)
    _lists(folder, 60, 10)


def consumed(folder: Path) -> object:
    """Everything in a folder."""
    report = check(folder)
    assert report.as_dict()
    upgrade = read_folder(folder)
    for each in (upgrade.ids, upgrade.query_ids, upgrade.texts, upgrade.query_texts):
        if each is not None:
            list(each)
    return np.asarray(upgrade.old[: len(upgrade.old)]).sum()


@reader("folder of vectors", made, share=3)
def read_all(folder: Path) -> object:
    """Checked and read."""
    return consumed(folder)


def other_formats(folder: Path) -> None:
    """A folder whose vectors cannot be memory-mapped, with the copies that are kept."""
    arrays = folders.arrays() | dict(zip(("old", "new"), folders.spaces(60, 1), strict=True))
    for name, write, suffix, rows in (
        ("old", folders.write_npz, ".npz", 60),
        ("new", folders.write_safetensors, ".safetensors", 60),
        ("queries_old", folders.write_lists, ".parquet", 10),
        ("queries_new", folders.write_fixed, ".parquet", 10),
    ):
        write(folder / f"{name}{suffix}", arrays[name][:rows])
    read_folder(folder)


@reader("folder of other formats", other_formats)
def read_others(folder: Path) -> object:
    """Checked and read; kept copies may be damaged too."""
    return consumed(folder)


def complete(folder: Path) -> None:
    """A folder with new vectors of all items, and labels."""
    arrays = folders.arrays()
    rows = {"old": 60, "new": 60, "queries_old": 10, "queries_new": 10}
    full = dict(zip(("old", "new"), folders.spaces(60, 1), strict=True))
    folders.folder(
        folder, **{n: (arrays | full)[n][:count] for n, count in rows.items()}, sample=None
    )
    np.save(folder / "labels.npy", np.arange(60) % 5)
    np.save(folder / "query_labels.npy", np.arange(10) % 5)


@reader("dataset of vectors", complete, share=0.5)
def read_dataset(folder: Path) -> object:
    """As a dataset of the workflow."""
    return load(Embeddings(root=folder))


def _arrays(**changed: Any) -> Change:
    def change(folder: Path) -> None:
        for name, values in changed.items():
            np.save(folder / f"{name}.npy", values)

    return change


_OLD = np.random.default_rng(3).normal(size=(60, 8)).astype(np.float32)
cases(
    "folder of vectors",
    {
        "NaN": _arrays(old=np.where(np.arange(60)[:, None] == 7, np.nan, _OLD)),
        "infinity in new": _arrays(new=np.full((20, 8), np.inf, np.float32)),
        "1e300": _arrays(old=_OLD.astype(float) * 1e300),
        "1e300 in queries": _arrays(queries_old=_OLD[:10].astype(float) * 1e300),
        "1e-300": _arrays(old=_OLD.astype(float) * 1e-300),
        "zeros": _arrays(old=np.zeros((60, 8), np.float32)),
        "one row": _arrays(old=_OLD[:1]),
        "no rows": _arrays(old=_OLD[:0]),
        "no columns": _arrays(old=_OLD[:, :0]),
        "integers": _arrays(old=np.ones((60, 8), int)),
        "copies of one row": _arrays(old=np.ones((60, 8), np.float32)),
        "a sample of floats": _arrays(sample=np.arange(0, 60, 3) + 0.5),
        "a sample twice": _arrays(sample=np.zeros(20, int)),
        "a sample outside": _arrays(sample=np.arange(20) + 2**40),
        "a sample of uint64": _arrays(sample=np.full(20, 2**64 - 1, np.uint64)),
        "labels of uint64": _arrays(labels=np.full(60, 2**64 - 1, np.uint64), query_labels=np.full(10, -1)),
        "labels of times": _arrays(labels=np.zeros(60, "M8[s]")),
        "labels of objects": _arrays(labels=np.zeros(60, "i8").reshape(60, 1)),
        "weights below 0": content("query_weights.json", json.dumps([-1.0] * 10).encode()),
        "weights of 0": content("query_weights.json", json.dumps([0] * 10).encode()),
        "weights of 10**400": content("query_weights.json", b"[" + b"1" * 401 + b", 1" * 9 + b"]"),
        "weights of text": content("query_weights.json", json.dumps(["a"] * 10).encode()),
        "weights of 1e308": content("query_weights.json", json.dumps([1e308] * 10).encode()),
        "ids of NaN": content("query_ids.json", b"[" + b"NaN, " * 9 + b"NaN]"),
        "ids of 1e999": content("query_ids.json", b"[" + b"1e999, " * 9 + b"1]"),
        "ids with tabs": content("query_ids.json", json.dumps([f"a\t{k}" for k in range(10)]).encode()),
    }
    | {f"corpus.jsonl: {n}": content("corpus.jsonl", data) for n, data in bombs.JSON.items()}
    | {f"query_ids.json: {n}": content("query_ids.json", data) for n, data in bombs.JSON.items()}
    | {f"old.npy: {n}": content("old.npy", data) for n, data in bombs.NPY.items()}
    | {f"labels.npy: {n}": content("labels.npy", data) for n, data in bombs.NPY.items()}
    | {f"sample.npy: {n}": content("sample.npy", data) for n, data in bombs.NPY.items()}
    | {f"ids.txt: {n}": change for n, change in text_cases("ids.txt").items()},
)  # fmt: skip


@case("folder of vectors", "a folder in place of ids")
def _folder(folder: Path) -> None:
    (folder / "ids.txt").unlink()
    (folder / "ids.txt").mkdir()


@case("folder of vectors", "a file in place of qrels")
def _file(folder: Path) -> None:
    (folder / "qrels" / "test.tsv").unlink()
    (folder / "qrels").rmdir()
    (folder / "qrels").write_text("x")


def forecasts(folder: Path) -> None:
    """What forecasts leave beside vectors."""
    (folder / "asked.json").write_text('{"rows": [1, 2], "queries": [0, 3]}')
    (folder / ".backfill").mkdir()
    rate = {"model": "m", "items_per_s": 10.0, "items": 5, "workers": 1, "machine": "x"}
    (folder / ".backfill" / "rates.json").write_text(json.dumps({"new": rate, "old": rate}))
    (folder / "forecast.json").write_text('{"decision": {"method": "mix"}}')


@reader("files of a forecast", forecasts)
def read_forecasts(folder: Path) -> object:
    """What was asked for, how fast a model is, what was recommended."""
    recommended = judging.recommended(folder)
    rate = cost.measured_rate(folder)
    assert rate is None or 0 < rate < float("inf")
    return ask.load(folder, 100), rate, recommended


for _file_name in ("asked.json", ".backfill/rates.json", "forecast.json"):
    cases(
        "files of a forecast",
        {f"{_file_name}: {n}": content(_file_name, data) for n, data in bombs.JSON.items()},
    )
