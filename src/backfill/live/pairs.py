"""Items that both models have embedded: what a method is fitted on, and probed with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from backfill.align.maps import unit
from backfill.arrays import Float32s
from backfill.artifacts import replacing, save_array
from backfill.errors import InputError
from backfill.live.base import Id, Rows
from backfill.live.embedders import Embedder, Unavailable
from backfill.live.fingerprint import fingerprint
from backfill.live.opened import Opened
from backfill.reading.json import read_object

PAIRS = "pairs"  # folder in a migration's home
_ITEMS = "items.json"
_LEAST = 40  # pairs without which nothing can be fitted


def embedded(embedder: Embedder, texts: Sequence[str], batch: int, title: str) -> Float32s:
    """Embed documents in batches, with a progress bar.

    Raises:
        InputError: the model gave no usable vectors.
    """
    found = []
    with tqdm(total=len(texts), desc=title, unit=" items", leave=False, disable=None) as bar:
        for start in range(0, len(texts), batch):
            try:
                found.append(embedder.documents(texts[start : start + batch]).vectors)
            except Unavailable as error:
                raise InputError(f"new: {error}") from error
            bar.update(len(found[-1]))
    return np.concatenate(found)


def draw(opened: Opened, seed: int = 0) -> Path:
    """Draw items from the gallery and embed them by the new model, once.

    Args:
        opened: the migration; its settings say how many.
        seed: of the draw.

    Returns:
        A folder that :func:`backfill.vectors.read` reads: its gallery is the sample.

    Raises:
        InputError: there are too few items, or the model gave no usable vectors.
    """
    folder = opened.migration.home / PAIRS
    if (folder / _ITEMS).exists() and described(folder).model == opened.new.identity:
        return folder
    rows = opened.database.sample(opened.migration.sample, seed)
    if len(rows.ids) < _LEAST:
        raise InputError(
            f"{opened.migration.file}: expected a gallery of at least {_LEAST} items with content "
            f"and old vectors, got {len(rows.ids)}"
        )
    new = embedded(opened.new, rows.texts, opened.migration.batch, "sample")
    write(folder, rows, new, opened.new.identity)
    return folder


def write(folder: Path, rows: Rows, new: Float32s, model: str) -> None:
    """Write items with both vectors as a folder of their own.

    Args:
        folder: that is replaced as a whole.
        rows: n items with their old vectors.
        new: (n, d2) their new vectors.
        model: identity of the new model.
    """
    with replacing(folder) as temporary:
        temporary.mkdir()
        save_array(temporary / "old.npy", unit(rows.vectors))
        save_array(temporary / "new.npy", new)
        made_from = [fingerprint(model, text) for text in rows.texts]
        listed = {"model": model, "ids": rows.ids, "fingerprints": made_from}
        (temporary / _ITEMS).write_text(f"{json.dumps(listed)}\n")


class Described(NamedTuple):
    """Which items and contents pairs were made from.

    Attributes:
        model: identity of the new model.
        fingerprints: of the embedded contents, by id.
    """

    model: str
    fingerprints: dict[Id, str]


def described(folder: Path) -> Described:
    """What the pairs in a folder were made from.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / _ITEMS
    found = read_object(path, "pairs of vectors")
    try:
        ids, fingerprints = found["ids"], found["fingerprints"]
        return Described(str(found["model"]), dict(zip(ids, fingerprints, strict=True)))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: expected model, ids and fingerprints, got: {error!r}") from error


def chunks(ids: Sequence[Id], size: int) -> Iterable[Sequence[Id]]:
    """Cut a sequence into parts of at most `size`."""
    return (ids[start : start + size] for start in range(0, len(ids), size))
