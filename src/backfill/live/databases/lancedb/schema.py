"""What a table is, and what it lacks for a migration."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.table import Table

from backfill.live.databases.lancedb.settings import LanceSettings
from backfill.live.databases.lancedb.view import View
from backfill.live.fingerprint import text_of
from backfill.live.terms import Facts

_SAMPLE = 1000
_FLOAT32 = 4  # bytes


def facts(view: View, width: int | None) -> Facts:
    """Look at a table; nothing is changed.

    Args:
        view: of the table.
        width: of the new vectors; None: as the old ones.

    Raises:
        InputError: a column is not there.
    """
    table, settings = view.table, view.settings
    view.require()
    schema = table.schema
    old = schema.field(settings.vector).type
    old_width = old.list_size if pa.types.is_fixed_size_list(old) else 0
    items = table.count_rows(view.rule.item)
    new_width = width or old_width
    indexes = [index for index in table.list_indices() if settings.vector in index.columns]
    compressed = sum(index.size_bytes or 0 for index in indexes)
    row_bytes = table.stats()["total_bytes"] / max(table.count_rows(), 1)
    return Facts(
        server=f"LanceDB {version('lancedb')}",
        items=items,
        width=old_width,
        text_characters=_text_characters(table, settings.content),
        old_bytes=items * old_width * _FLOAT32 + compressed,
        new_bytes=round(items * (new_width * _FLOAT32 + row_bytes)),
        # What is carried, and a copy of what it was made from.
        carried_bytes=items * (2 * old_width + new_width) * _FLOAT32,
        missing=[*_missing(table, settings)],
        notes=[*_notes(table, settings, old_width == new_width)],
    )


def _text_characters(table: Table, content: Sequence[str]) -> float:
    rows = table.search().select(list(content)).limit(_SAMPLE).to_arrow()
    parts = zip(*(rows[column].to_pylist() for column in content), strict=True)
    return float(np.mean([len(text_of(each)) for each in parts] or [0]))


def _missing(table: Table, settings: LanceSettings) -> list[str]:
    schema, missing = table.schema, []
    key = schema.field(settings.id).type
    if not (pa.types.is_integer(key) or pa.types.is_string(key) or pa.types.is_large_string(key)):
        missing.append(f"Column {settings.id!r} must hold integers or strings, not {key}.")
    else:
        keys = table.search().select([settings.id]).to_arrow()[settings.id]
        if pc.count_distinct(keys, mode="all").as_py() != len(keys) or keys.null_count:
            missing.append(f"Column {settings.id!r} must hold another value in each row.")
    for column in settings.content:
        found = schema.field(column).type
        text = pa.types.is_string(found) or pa.types.is_large_string(found)
        if not (text or pa.types.is_integer(found)):
            missing.append(f"Column {column!r} must hold strings or integers, not {found}.")
    vector = schema.field(settings.vector).type
    if not (pa.types.is_fixed_size_list(vector) and pa.types.is_floating(vector.value_type)):
        missing.append(f"Column {settings.vector!r} must hold vectors of one width, not {vector}.")
    return missing


def _notes(table: Table, settings: LanceSettings, same_width: bool) -> list[str]:
    notes = [
        "LanceDB writes a row anew when its new vector is written, and keeps old versions until "
        "they are cleaned up: the estimate of what will be taken counts each row once more.",
    ]
    for index in table.list_indices():
        metric = (index.index_details or {}).get("metric_type", "COSINE")
        if settings.vector in index.columns and str(metric).upper() != "COSINE":
            notes.append(
                f"The index of {settings.vector!r} is for {str(metric).lower()}, so searches by "
                "cosine do not use it."
            )
    if same_width:
        notes.append(
            "Old and new vectors have one width: until the migration ends, the application must "
            f"name the column that it searches (vector_column_name={settings.vector!r})."
        )
    return notes
