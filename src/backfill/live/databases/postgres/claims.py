"""Items that a worker claims: its locks on their notes end with its connection."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg

from backfill.arrays import Float32s
from backfill.live.databases.postgres.connections import Connection, Connections
from backfill.live.databases.postgres.names import Names, raw
from backfill.live.databases.postgres.orphans import orphans
from backfill.live.databases.postgres.shape import Shape
from backfill.live.terms import Item

T = TypeVar("T")
_MOST_NOTES = 100_000  # of one claim, of items that change all the time


@dataclass
class Claimed:
    """Items, with the locked notes that say that they wait.

    Attributes:
        items: what was claimed.
        notes: their places in the queue.
    """

    names: Names
    shape: Shape
    connections: Connections
    connection: Connection | None = None
    items: list[Item] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)

    def write(self, vectors: Float32s) -> int:
        """Write those whose content is still what was claimed; the claim ends.

        If the connection was lost meanwhile, so were the locks; content decides all the same.
        """
        held, self.connection = self.connection, None
        if not self.items:
            return 0
        if held is not None:
            with suppress(psycopg.OperationalError):
                count = self._write(held, vectors)
                held.execute("commit")
                return count
            with suppress(psycopg.Error):
                held.rollback()

        def again(connection: Connection) -> int:
            with connection.transaction():
                return self._write(connection, vectors)

        return self.connections.run(again)

    def _write(self, connection: Connection, vectors: Float32s) -> int:
        written = connection.execute(
            self.names.sql(
                "insert into {new} (id, embedding, fingerprint) "
                "select {key}, b.embedding, b.fingerprint "
                "from unnest(%s::text[]::{type}[], %b::vector[], %s::text[]) "
                "as b(id, embedding, fingerprint) "
                "join {table} t on {key} = b.id where {item} and {print} = b.fingerprint "
                "order by 1 on conflict (id) do update "
                "set embedding = excluded.embedding, fingerprint = excluded.fingerprint "
                "returning id::text",
                type=raw(self.shape.key),
            ),
            ([str(item.id) for item in self.items], list(vectors),
             [item.fingerprint for item in self.items]),
        ).fetchall()  # fmt: skip
        # The locks may be lost: a note that another worker holds by now stays.
        connection.execute(
            self.names.sql(
                "delete from {waiting} where seq in (select seq from {waiting} where "
                "seq = any(%s) and id = any(%s::text[]::{type}[]) for update skip locked)",
                type=raw(self.shape.key),
            ),
            (self.notes, [key for (key,) in written]),
        )
        return len(written)


def fill(connection: Connection, batch: Claimed, lock: Callable[[Connection], list[str]]) -> None:
    """Lock notes until they are of items that wait, or there are none; a transaction stays open.

    Notes of items that are done or gone are removed on the way.

    Args:
        connection: whose locks they are.
        batch: to be filled.
        lock: locks notes that nobody has locked; returns the keys that they are of.
    """
    batch.connection = connection
    while True:
        connection.execute("begin")
        keys = list(dict.fromkeys(lock(connection)))
        if not keys:
            connection.execute("rollback")
            return
        notes = _notes(connection, batch, keys)
        waiting, known = _look(connection, batch, keys)
        kept = {str(item.id) for item in waiting}
        if len(kept) == len(keys):
            batch.items = sorted(waiting, key=lambda item: keys.index(str(item.id)))
            batch.notes = [note for note, _ in notes]
            return
        _clean(connection, batch, [key for key in keys if key not in known])
        connection.execute(
            names_sql(batch, "delete from {waiting} where seq = any(%s)"),
            ([note for note, key in notes if key not in kept],),
        )
        connection.execute("commit")


def _notes(connection: Connection, batch: Claimed, keys: list[str]) -> list[tuple[int, str]]:
    return connection.execute(
        names_sql(
            batch,
            "select seq, id::text from {waiting} where id = any(%s::text[]::{type}[]) "
            "limit %s for update skip locked",
        ),
        (keys, _MOST_NOTES),
    ).fetchall()


def _look(connection: Connection, batch: Claimed, keys: list[str]) -> tuple[list[Item], set[str]]:
    """Those of the keys that wait, and all that are there."""
    rows = connection.execute(
        names_sql(
            batch,
            "select {key}::text, {text}, {print}, {waits} from {table} t left join {new} n "
            "on n.id = {key} where {key} = any(%s::text[]::{type}[]) and {item}",
        ),
        (keys,),
    ).fetchall()
    items = [Item(batch.shape.id(key), text, print_) for key, text, print_, waits in rows if waits]
    return items, {row[0] for row in rows}


def _clean(connection: Connection, batch: Claimed, gone: list[str]) -> None:
    """Remove the new vectors of items that are gone."""
    if gone:
        orphans(connection, batch.names, "id = any(%s::text[]::{type}[])", gone, batch.shape)


def names_sql(batch: Claimed, template: str) -> psycopg.sql.Composed:
    """Fill a template in."""
    return batch.names.sql(template, type=raw(batch.shape.key))
