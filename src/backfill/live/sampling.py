"""A forecast's folder, drawn from a live database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from backfill.align.maps import unit
from backfill.artifacts import replacing, save_array
from backfill.errors import InputError
from backfill.live.embedders import Unavailable
from backfill.live.opened import Opened
from backfill.live.pairs import embedded
from backfill.live.terms import Id


def sample(opened: Opened, folder: Path, queries: Sequence[str] = (), seed: int = 0) -> int:
    """Write what `backfill forecast` reads: the gallery's old vectors, and new ones of a sample.

    Args:
        opened: the migration; its settings say how many items are drawn.
        folder: to be written; what is there under these names is replaced.
        queries: texts of queries, which both models embed.
        seed: of the draw.

    Returns:
        How many items the gallery has.

    Raises:
        InputError: there are no items, a model gives no usable vectors, or the folder cannot be
            written.
    """
    drawn = opened.database.sample(opened.migration.sample, seed)
    rows, new = embedded(opened.new, drawn, opened.migration.batch)
    ids = _gallery(opened, folder)
    place = {key: row for row, key in enumerate(ids)}
    there = [number for number, key in enumerate(rows.ids) if key in place]  # others are gone
    at = np.array([place[rows.ids[number]] for number in there], np.int64)
    order = np.argsort(at)
    save_array(folder / "sample.npy", at[order])
    save_array(folder / "new.npy", new[there][order])
    _listed(folder / "ids.json", [str(key) for key in ids])
    if queries:
        _queries(opened, folder, queries)
    return len(ids)


def _gallery(opened: Opened, folder: Path) -> list[Id]:
    """Write the old vectors, block by block: any number of them fits into memory."""
    ids: list[Id] = []
    width = 0
    with replacing(folder / "old.raw") as raw:
        with raw.open("wb") as file, tqdm(desc="old vectors", unit=" rows", disable=None) as bar:
            for block in opened.database.rows():
                ids += block.ids
                width = block.vectors.shape[1]
                file.write(np.ascontiguousarray(unit(block.vectors)).tobytes())
                bar.update(len(block.ids))
        if not ids:
            raise InputError(f"{opened.migration.file}: expected items with old vectors, got none")
        rows = np.memmap(raw, np.float32, "r", shape=(len(ids), width))
        save_array(folder / "old.npy", rows)
        del rows
    (folder / "old.raw").unlink()
    return ids


def _queries(opened: Opened, folder: Path, queries: Sequence[str]) -> None:
    if opened.old is None:
        raise InputError(
            f"{opened.migration.file}: old: expected the model in service, to embed queries, "
            "got none"
        )
    for name, embedder in (("old", opened.old), ("new", opened.new)):
        try:
            vectors = embedder.queries(queries).vectors
        except Unavailable as error:
            raise InputError(f"{opened.migration.file}: {name}: {error}") from error
        save_array(folder / f"queries_{name}.npy", vectors)
    _listed(folder / "query_texts.json", queries)


def _listed(path: Path, values: Sequence[str]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(f"{json.dumps(list(values))}\n")
