"""A folder of texts becomes a folder of vectors by two models."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from backfill.compute import LOCAL, Engine
from backfill.errors import InputError
from backfill.reading.files import short
from backfill.texts import models
from backfill.texts.beir import Texts
from backfill.texts.lists import write_lists
from backfill.texts.made import Made
from backfill.texts.notes import on_long, on_texts
from backfill.texts.outputs import Model, Order, Output, Settings, output
from backfill.texts.prompts import OWN, Prompts
from backfill.texts.rates import Rate, read_rates, write_rate
from backfill.texts.shards import embed_shard

NAMES = ("old", "new", "sample", "queries_old", "queries_new", "ids", "query_ids")
# Texts per shard: seconds to a minute of work.
SHARD = 512


@dataclass(frozen=True)
class Embedded:
    """What is in the folder now.

    Attributes:
        rows: file -> number of its rows.
        rates: `old` and `new` -> how fast the model embeds documents.
        notes: what somebody should know of it, one sentence each.
    """

    rows: dict[str, int]
    rates: dict[str, Rate]
    notes: list[str]


def embed(
    folder: Path,
    old: str,
    new: str,
    *,
    sample: int | None = 2000,
    seed: int = 0,
    query_prompts: Prompts = OWN,
    document_prompts: Prompts = OWN,
    batch_size: int = 32,
    half: bool = False,
    engine: Engine = LOCAL,
    shard: int = SHARD,
) -> Embedded:
    """Embed corpus.jsonl by the old model and a sample of it by the new one, queries by both.

    Writes what :func:`backfill.vectors.read` reads: `old`, `new`, `sample`, `queries_old` and
    `queries_new` as .npy, `ids` and `query_ids` as .txt. After a process has died at any moment,
    the same call goes on where it was, and gives the same bytes. Nothing is embedded twice unless
    texts, model or prompt have changed.

    Args:
        folder: with corpus.jsonl and, if there are queries, queries.jsonl.
        old: the model in service: its name, or its folder.
        new: its successor.
        sample: how many documents, drawn at random, the new model embeds; None: all.
        seed: of the draw.
        query_prompts: before each query.
        document_prompts: before each document.
        batch_size: texts at a time.
        half: store float16, which is half as large, instead of float32.
        engine: where the work runs.
        shard: texts that are embedded and stored at a time.

    Returns:
        What is in the folder now.

    Raises:
        InputError: texts or models are wrong or missing, or a file of the user's is in the way.
    """
    for name, value in (("sample", sample), ("batch_size", batch_size), ("shard", shard)):
        if value is not None and not (isinstance(value, int) and value >= 1):
            raise InputError(f"{name}: expected at least 1, got {short(value)}")
    if not (isinstance(seed, int) and seed >= 0):
        raise InputError(f"seed: expected at least 0, got {short(seed)}")
    folder = Path(os.path.realpath(folder))  # quiet about links that lead to themselves
    kept = folder / ".backfill" / "embed"
    made = Made(folder, folder / ".backfill" / "embedded.json")
    made.require_free(NAMES)
    corpus = Texts.read(folder / "corpus.jsonl")
    queries = Texts.read(asked) if os.path.lexists(asked := folder / "queries.jsonl") else None
    count = len(corpus.ids)
    part = sample is not None and sample < count
    drawn = np.random.default_rng(seed).permutation(count)[:sample] if part else None

    settings = Settings(kept, batch_size, half, shard)
    outputs: list[Output] = []
    for side, given in (("new", new), ("old", old)):
        name = models.located(f"--{side}", given)
        prompts = getattr(document_prompts, side), getattr(query_prompts, side)
        model = Model(side, name, models.fingerprint(name), *prompts)
        order = Order(drawn, seed) if side == "new" and drawn is not None else None
        outputs.append(output(model, "document", corpus, settings, order))
        if queries is not None:
            outputs.append(output(model, "query", queries, settings))
    left = [each for each in outputs if not made.has(each.file, each.key)]
    for each in left:
        if each.missing():  # a model that is missing ends this before hours of work for the other
            models.load(each.work.model)
    rates = folder / ".backfill" / "rates.json"
    for each in left:
        _run(each, engine)
        made.write(each.file, each.key, each.write)
        if each.work.role == "document":
            seconds = sum(float(of_shard) for of_shard in each.stored("seconds"))
            rate = Rate.measured(each.work.model, each.total, seconds, engine)
            write_rate(rates, each.side, rate)
    write_lists(made, corpus, queries, drawn)
    return Embedded(
        {each.name: each.total for each in outputs},
        read_rates(rates),
        [*on_texts(corpus, queries), *filter(None, map(on_long, outputs))],
    )


def _run(each: Output, engine: Engine) -> None:
    """Embed the shards that are not there yet."""
    missing = each.missing()
    if not missing:
        return
    left = sum(len(shard.rows) for shard in missing)
    title = f"{each.name} by {Path(each.work.model).name}"
    quiet = None if engine is LOCAL else True  # a cluster has a bar of its own
    total = each.total
    with tqdm(total=total, initial=total - left, desc=title, unit=" texts", disable=quiet) as bar:
        for done in engine.map(embed_shard, each.work, missing, title=title, gpu=models.on_gpu()):
            bar.update(done)
