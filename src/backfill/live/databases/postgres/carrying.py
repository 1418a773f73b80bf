"""Old vectors that are carried forward: which are next, and writing them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backfill.arrays import Float32s
from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.names import raw
from backfill.live.databases.postgres.vectors import parsed
from backfill.live.databases.postgres.view import View
from backfill.live.sparing import NONE
from backfill.live.terms import Id, Rows

# What waits to be carried: it has an old vector, and none of this vector is carried.
NEEDED = "{item} and {vector} is not null and {waits} and (c.id is null or c.source <> {source})"


def uncarried(connection: Connection, view: View, limit: int) -> Rows:
    """Items to carry next; notes of what needs it no more are removed, in the same snapshot."""
    if view.prepared.carried is None:  # or no more
        return NONE
    statement = view.names.sql(
        "with notes as (select seq, id from {uncarried} order by rank, seq limit %s), "
        "looked as (select notes.seq, notes.id, {vector}::vector as vector, "
        f"coalesce({NEEDED}, false) as needed "
        "from notes left join {table} t on {key} = notes.id left join {new} n on n.id = notes.id "
        "left join {carried} c on c.id = notes.id), "
        "removed as (delete from {uncarried} u using looked where u.seq = looked.seq "
        "and not needed returning 1) "
        "select distinct on (id) id::text, vector_send(vector), (select count(*) from removed) "
        "from looked where needed union all "
        "select null, null, count(*) from removed"
    )
    while True:
        rows = connection.execute(statement, (limit,), binary=True).fetchall()
        found = [row for row in rows if row[0] is not None]
        if found or all(removed == 0 for _, _, removed in rows):
            ids = [view.shape.id(row[0]) for row in found]
            return Rows(ids, parsed([row[1] for row in found]), [""] * len(ids))


def carry(
    connection: Connection, view: View, ids: Sequence[Id], old: Float32s, carried: Float32s
) -> int:
    """Write carried vectors beside what they were made from, and remove their notes.

    Both in one statement: a change that is not seen here has a note that is not seen either.
    """
    if view.prepared.carried is None:
        return 0
    row = connection.execute(
        view.names.sql(
            "with written as (insert into {carried} (id, embedding, source) "
            "select {key}, b.carried, {source} "
            "from unnest(%s::text[]::{type}[], %b::vector[], %b::vector[]) as b(id, old, carried) "
            "join {table} t on {key} = b.id left join {new} n on n.id = b.id "
            "where {item} and {waits} and {vector}::vector = b.old order by 1 "
            "on conflict (id) do update "
            "set embedding = excluded.embedding, source = excluded.source returning id), "
            "removed as (delete from {uncarried} u using written where u.id = written.id) "
            "select count(*) from written",
            type=raw(view.shape.key),
        ),
        ([str(key) for key in ids], list(np.asarray(old)), list(np.asarray(carried))),
    ).fetchone()
    return int(row[0]) if row else 0
