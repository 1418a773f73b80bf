"""Which rows are sampled, and the ids of all."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

import numpy as np

from backfill.arrays import Int64s
from backfill.artifacts import replacing, save_array
from backfill.texts.beir import Texts
from backfill.texts.made import Made


def write_lists(made: Made, corpus: Texts, queries: Texts | None, drawn: Int64s | None) -> None:
    """Write ids and the sample, and remove what an earlier call left of queries and sample.

    Args:
        made: record of the folder's files.
        corpus: documents.
        queries: or None.
        drawn: sampled rows in any order; None: all are there.
    """
    made.write("ids.txt", corpus.digest, partial(_write_ids, corpus))
    if queries is None:
        for file in ("query_ids.txt", "queries_old.npy", "queries_new.npy"):
            made.remove(file)
    else:
        made.write("query_ids.txt", queries.digest, partial(_write_ids, queries))
    if drawn is None:
        made.remove("sample.npy")
    else:
        rows = np.sort(drawn)
        key = hashlib.blake2b(rows.tobytes(), digest_size=16).hexdigest()
        made.write("sample.npy", key, partial(save_array, array=rows))


def _write_ids(texts: Texts, path: Path) -> None:
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{name}\n" for name in texts.ids)
