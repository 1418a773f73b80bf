"""How a migration ends: the new vectors take over, or nothing of it is left."""

from __future__ import annotations

from datetime import timedelta

import lancedb.index
from lancedb.table import Table

from backfill.errors import InputError
from backfill.live.databases.lancedb.view import View

_NEVER = timedelta(days=36500)  # old versions of the user's table are the user's


def compact(table: Table) -> None:
    """Merge the small files that writes leave, and take new rows into the indexes.

    If others write meanwhile, it gives way to them, and the next time will do.
    """
    try:
        table.optimize(cleanup_older_than=_NEVER)
    except RuntimeError:
        return


def finish(view: View, *, keep_old: bool) -> str:
    """Index the new vectors as the old ones are, and give those up if they are not to be kept.

    Returns:
        What the application must search.
    """
    table, new = view.table, view.names.new
    compact(table)
    indexes = table.list_indices()
    kinds = [index.index_type for index in indexes if view.settings.vector in index.columns]
    if kinds and not any(new in index.columns for index in indexes):
        config = getattr(lancedb.index, kinds[0])(distance_type="cosine")
        table.create_index(new, config=config)
    if not keep_old and view.rule.old is not None:
        table.drop_columns([view.rule.old, *(view.rule.carried or ())])
    return (
        f"Search the table {view.settings.table!r} by the new model, with "
        f"vector_column_name={new!r} and distance_type='cosine'."
    )


def rollback(view: View) -> None:
    """Drop the columns of the migration, and their index.

    Raises:
        InputError: the old vectors were given up.
    """
    if not view.added:
        return
    if view.rule.old is None:
        raise InputError(
            f"{view.names.migration}: expected old vectors to go back to, got a migration that was "
            "finished without keeping them"
        )
    for index in view.table.list_indices():
        if view.names.new in index.columns:
            view.table.drop_index(index.name)
    view.table.drop_columns(view.added)
