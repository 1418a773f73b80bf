"""Locks on notes that items wait: nobody waits for a lock that another worker has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.names import Names, raw
from backfill.live.databases.postgres.shape import Shape
from backfill.live.terms import Id


def next_ones(names: Names, limit: int) -> Callable[[Connection], list[str]]:
    """What locks the notes of the next items."""

    def lock(connection: Connection) -> list[str]:
        rows = connection.execute(
            names.sql(
                "select id::text from {waiting} order by rank, seq limit %s for update skip locked"
            ),
            (limit,),
        ).fetchall()
        return [key for (key,) in rows]

    return lock


def these(names: Names, shape: Shape, ids: Sequence[Id]) -> Callable[[Connection], list[str]]:
    """What locks the notes of given items."""
    keys = [str(key) for key in ids]

    def lock(connection: Connection) -> list[str]:
        rows = connection.execute(
            names.sql(
                "select id::text from {waiting} where id = any(%s::text[]::{type}[]) "
                "order by rank for update skip locked",
                type=raw(shape.key),
            ),
            (keys,),
        ).fetchall()
        return [key for (key,) in rows]

    return lock
