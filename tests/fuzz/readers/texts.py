"""Texts to embed, and what embedding them leaves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from backfill.texts.beir import Texts, opened
from backfill.texts.made import Made
from backfill.texts.rates import read_rates
from backfill.texts.shards import read_shard
from fuzz.readers import bombs
from fuzz.readers.lists import text_cases
from fuzz.readers.npz import archive, of_archives
from fuzz.registry import cases, content, reader


def corpus(folder: Path) -> None:
    """Documents."""
    lines = [{"_id": f"d{k}", "title": f"Title {k}", "text": f"text {k}"} for k in range(30)]
    (folder / "corpus.jsonl").write_bytes(bombs.jsonl(*lines))


@reader("corpus.jsonl", corpus, share=1.5)
def read_corpus(folder: Path) -> object:
    """All documents."""
    texts = Texts.read(folder / "corpus.jsonl")
    return texts, [item.text.encode() for item in opened(texts.path)]


cases("corpus.jsonl", text_cases("corpus.jsonl"))
cases("corpus.jsonl", {f"JSON: {n}": content("corpus.jsonl", d) for n, d in bombs.JSON.items()})
cases(
    "corpus.jsonl",
    {
        name: content("corpus.jsonl", bombs.jsonl(value))
        for name, value in {
            "an id that is a number": {"_id": 3, "text": "x"},
            "an id that is NaN": {"_id": float("nan"), "text": "x"},
            "an id that is true": {"_id": True, "text": "x"},
            "an id of a line break": {"_id": "a\nb", "text": "x"},
            "an id of nothing": {"_id": "", "text": "x"},
            "half of a pair": {"_id": "a", "text": "\ud800"},
            "half of a pair in the id": {"_id": "\ud800", "text": "x"},
            "a title that is a list": {"_id": "a", "title": [1], "text": "x"},
            "no text": {"_id": "a"},
        }.items()
    },
)


def kept(folder: Path) -> None:
    """Shards and records."""
    (folder / "shard.npz").write_bytes(
        archive(vectors=np.ones((3, 2), np.float32), exceeding=np.zeros(3, bool), seconds=0.5)
    )
    rate = {"model": "m", "items_per_s": 10.0, "items": 5, "workers": 1, "machine": "x"}
    (folder / "rates.json").write_text(json.dumps({"new": rate}))
    (folder / "embedded.json").write_text(json.dumps({"old.npy": {"key": "k", "bytes": 5}}))
    (folder / "old.npy").write_text("12345")


@reader("what embedding leaves", kept)
def read_kept(folder: Path) -> object:
    """Shards, rates, and which files are ours."""
    arrays = [read_shard(folder / "shard.npz", n) for n in ("vectors", "exceeding", "seconds")]
    made = Made(folder, folder / "embedded.json")
    made.require_free(["old", "new"])
    return arrays, read_rates(folder / "rates.json"), made.has("old.npy", "k")


cases(
    "what embedding leaves",
    of_archives("shard.npz", "vectors.npy", archive(vectors=np.ones((3, 2)), seconds=0.5)),
)
for _name in ("rates.json", "embedded.json"):
    cases(
        "what embedding leaves",
        {f"{_name}: {n}": content(_name, data) for n, data in bombs.JSON.items()},
    )
