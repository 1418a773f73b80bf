"""Items that both models have embedded: what a method is fitted on, and probed with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from tqdm import tqdm

from backfill.align.maps import unit
from backfill.arrays import Float32s
from backfill.artifacts import replacing, save_array
from backfill.errors import InputError
from backfill.live.dividing import Divider
from backfill.live.embedders import Embedder, Unavailable
from backfill.live.embedding import is_empty
from backfill.live.fingerprint import fingerprint
from backfill.live.opened import Opened
from backfill.live.terms import Id, Rows
from backfill.reading.json import read_object

T = TypeVar("T")
PAIRS = "pairs"  # folder in a migration's home
_ITEMS = "items.json"
_LEAST = 40  # pairs without which nothing can be fitted


def embedded(embedder: Embedder, rows: Rows, batch: int) -> tuple[Rows, Float32s]:
    """Embed items of a sample in batches, with a progress bar.

    Returns:
        Those that have content and a new vector, and (n, d2) their new vectors.

    Raises:
        InputError: the model gave no usable vectors.
    """
    divider = Divider(embedder)
    texts = [(row, text) for row, text in enumerate(rows.texts) if not is_empty(text)]
    kept: list[int] = []
    found: list[Float32s] = []
    with tqdm(total=len(texts), desc="sample", unit=" items", leave=False, disable=None) as bar:
        for part in chunks(texts, batch):
            try:
                divided = divider.embed([text for _, text in part])
            except Unavailable as error:
                raise InputError(f"new: {error}") from error
            if divided.rows:
                kept += [part[number][0] for number in divided.rows]
                found.append(divided.embedding.vectors)
            bar.update(len(part))
    there = Rows([rows.ids[r] for r in kept], rows.vectors[kept], [rows.texts[r] for r in kept])
    return there, np.concatenate(found) if found else np.zeros((0, embedder.width), np.float32)


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
    drawn = opened.database.sample(opened.migration.sample, seed)
    _require_enough(opened, drawn)
    rows, new = embedded(opened.new, drawn, opened.migration.batch)
    _require_enough(opened, rows)
    write(folder, rows, new, opened.new.identity)
    return folder


def _require_enough(opened: Opened, rows: Rows) -> None:
    if len(rows.ids) < _LEAST:
        raise InputError(
            f"{opened.migration.file}: expected a gallery of at least {_LEAST} items with content "
            f"and old vectors, got {len(rows.ids)}"
        )


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


def chunks(whole: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """Cut a sequence into parts of at most `size`."""
    return (whole[start : start + size] for start in range(0, len(whole), size))
