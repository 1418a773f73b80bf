"""How a migration begins: columns are added, which hold nothing yet."""

from __future__ import annotations

import pyarrow as pa

from backfill.errors import InputError
from backfill.live.databases.lancedb.tables import NOTE
from backfill.live.databases.lancedb.view import Prepared, View
from backfill.live.terms import Setup


def prepare(view: View, setup: Setup) -> None:
    """Add the columns in one commit, or note another order in them.

    Raises:
        InputError: there is a migration of another model, width or way of carrying.
    """
    number = pa.types.is_integer(view.table.schema.field(view.rule.id).type)
    first = tuple(int(id_) if number else str(id_) for id_ in setup.first)
    wanted = Prepared(
        model=setup.model,
        width=setup.width,
        carried=setup.carried,
        order=setup.order,
        first=first,
    )
    there, names, note = view.prepared, view.names, wanted.model_dump_json()
    if there is None:
        view.table.add_columns(_columns(view, wanted, note))
    elif _about(there) != _about(wanted):
        raise InputError(
            f"{names.migration}: expected the model of the migration that is there, "
            f"{_about(there)}, got {_about(wanted)}"
        )
    elif there != wanted:
        change = {"path": names.print, "metadata": {NOTE.decode(): note}}
        view.table.update_field_metadata(change)


def _columns(view: View, wanted: Prepared, note: str) -> list[pa.Field]:
    names, old = view.names, view.the_old()
    columns = [
        pa.field(names.new, pa.list_(pa.float32(), wanted.width)),
        pa.field(names.print, pa.string(), metadata={NOTE: note}),
    ]
    if wanted.carried is not None:
        columns += [
            pa.field(names.carried.vector, pa.list_(pa.float32(), wanted.carried)),
            pa.field(names.carried.source, view.table.schema.field(old).type),
            pa.field(names.carried.print, pa.string()),
        ]
    return columns


def _about(prepared: Prepared) -> str:
    carried = f", carried to width {prepared.carried}" if prepared.carried is not None else ""
    return f"{prepared.model} of width {prepared.width}{carried}"
