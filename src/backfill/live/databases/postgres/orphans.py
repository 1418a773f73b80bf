"""Vectors of ours whose items are gone."""

from __future__ import annotations

from collections.abc import Sequence

from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.names import Names, raw
from backfill.live.databases.postgres.shape import Shape


def orphans(
    connection: Connection, names: Names, of: str, keys: Sequence[str] | None, shape: Shape
) -> int:
    """Remove new and carried vectors whose items are gone, in an open transaction; how many new.

    They are locked first and looked at again: an item that is inserted anew meanwhile keeps its
    vector.
    """
    count = 0
    there = connection.execute(
        "select to_regclass(%s) is not null", (names.sql("{carried}").as_string(),)
    ).fetchone()
    tables = ["new", "carried"] if there == (True,) else ["new"]
    gone = "not exists (select from {table} t where {key} = o.id and {item})"
    for table in tables:
        found = connection.execute(
            names.sql(
                f"select o.id::text from {{it}} o where {of} and {gone} for update of o",
                it=names.parts[table], type=raw(shape.key),
            ),
            () if keys is None else (keys,),
        ).fetchall()  # fmt: skip
        if found:
            done = connection.execute(
                names.sql(
                    f"delete from {{it}} o where id = any(%s::text[]::{{type}}[]) and {gone}",
                    it=names.parts[table], type=raw(shape.key),
                ),
                ([key for (key,) in found],),
            )  # fmt: skip
            count += done.rowcount if table == "new" else 0
    return count
