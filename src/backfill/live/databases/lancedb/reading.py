"""What is there: counts, samples, rows, new vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from backfill.arrays import Float32s
from backfill.live.databases.lancedb.carried import Carrying
from backfill.live.databases.lancedb.rule import Rule
from backfill.live.databases.lancedb.sql import both, quoted
from backfill.live.databases.lancedb.view import View
from backfill.live.fingerprint import text_of
from backfill.live.sharing import drawn
from backfill.live.terms import Counts, Id, Rows

_BLOCK = 1000


def counts(view: View) -> Counts:
    """Count by fingerprints, which the database computes from what is stored."""
    table, rule = view.table, view.rule
    carrying = Carrying.of(rule)
    unseen = both(rule.waits, f"{quoted(rule.old)} IS NULL" if rule.old else None)
    return Counts(
        items=table.count_rows(rule.item),
        done=table.count_rows(both(rule.item, rule.done)),
        stale=table.count_rows(rule.stale),
        orphans=0,
        uncarried=table.count_rows(carrying.needed) if carrying else 0,
        unsearchable=table.count_rows(unseen),
    )


def sample(view: View, n: int, seed: int) -> Rows:
    """Draw those with the smallest hashes of key and seed."""
    old, key = view.the_old(), view.settings.id
    content = " OR ".join(f"{quoted(column)} IS NOT NULL" for column in view.settings.content)
    whole = both(f"{quoted(old)} IS NOT NULL", content)
    look = view.table.search().where(whole).select([key])
    keys = (id_ for block in look.to_batches(_BLOCK) for id_ in block.column(0).to_pylist())
    chosen = drawn(keys, n, seed)
    columns = list(dict.fromkeys([key, old, *view.settings.content]))
    look = view.table.search().where(view.rule.keys(chosen)).limit(max(n, 1)).select(columns)
    found = look.to_arrow()
    return Rows(found[key].to_pylist(), matrix(found[old]), texts(found, view.rule))


def rows(view: View) -> Iterator[Rows]:
    """All items with an old vector, in blocks."""
    old, key = view.the_old(), view.settings.id
    look = view.table.search().where(f"{quoted(old)} IS NOT NULL").select([key, old])
    for block in look.to_batches(_BLOCK):
        if len(block):
            ids = block.column(key).to_pylist()
            yield Rows(ids, matrix(block.column(old)), [""] * len(ids))


def new_vectors(view: View, ids: Sequence[Id]) -> dict[Id, Float32s]:
    """Those of the items that are done."""
    rule = view.rule
    look = view.table.search().where(both(rule.keys(ids), rule.done)).limit(max(len(ids), 1))
    found = look.select([rule.id, rule.new]).to_arrow()
    return dict(zip(found[rule.id].to_pylist(), matrix(found[rule.new]), strict=True))


def texts(rows: pa.Table, rule: Rule) -> list[str]:
    """Contents of rows that have these columns."""
    parts = [rows[column].to_pylist() for column in rule.content]
    return [text_of(each) for each in zip(*parts, strict=True)]


def matrix(column: pa.Array | pa.ChunkedArray) -> Float32s:
    """(n, d) vectors of a column without nulls."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    flat = whole.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(len(whole), -1 if len(whole) else 0)
