"""What is counted and read from the data."""

from __future__ import annotations

from collections.abc import Sequence

from backfill.arrays import Float32s
from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.names import literal, raw
from backfill.live.databases.postgres.objects import CHANGED
from backfill.live.databases.postgres.orphans import orphans
from backfill.live.databases.postgres.vectors import parsed
from backfill.live.databases.postgres.view import View
from backfill.live.terms import Counts, Id, Rows


def counts(connection: Connection, view: View) -> Counts:
    """Count by fingerprints, in one statement."""
    carried = view.prepared.carried is not None
    uncarried = "{waits} and {vector} is not null and (c.id is null or c.source <> {source})"
    row = connection.execute(
        view.names.sql(
            "select count(*), count(*) filter (where not {waits}), "
            "count(*) filter (where n.id is not null and {waits}), "
            "(select count(*) from {new} n where not exists "
            "(select from {table} t where {key} = n.id and {item})), "
            + (f"count(*) filter (where {uncarried}), " if carried else "0, ")
            + "count(*) filter (where {waits} and {vector} is null) "
            "from {table} t left join {new} n on n.id = {key} "
            + ("left join {carried} c on c.id = {key} " if carried else "")
            + "where {item}"
        ), ()
    ).fetchone()  # fmt: skip
    assert row is not None
    return Counts(*row)


def reconcile(connection: Connection, view: View) -> int:
    """Note what waits and is not noted, and remove what is of no item."""
    with connection.transaction():
        # Two at once would note everything twice.
        connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))",
                           (view.names.name,))  # fmt: skip
        count = connection.execute(
            view.names.sql(
                "insert into {waiting} (id, rank) select {key}, {rank} from {table} t "
                "left join {new} n on n.id = {key} where {item} and {waits} "
                "and not exists (select from {waiting} w where w.id = {key})",
                rank=literal(CHANGED),
            ), ()
        ).rowcount  # fmt: skip
        if view.prepared.carried is not None and view.prepared.old:
            connection.execute(
                view.names.sql(
                    "insert into {uncarried} (id, rank) select {key}, {rank} from {table} t "
                    "left join {new} n on n.id = {key} left join {carried} c on c.id = {key} "
                    "where {waits} and {vector} is not null "
                    "and (c.id is null or c.source <> {source}) "
                    "and not exists (select from {uncarried} u where u.id = {key})",
                    rank=literal(CHANGED),
                ), ()
            )  # fmt: skip
        return count + orphans(connection, view.names, "true", None, view.shape)


def sample(connection: Connection, view: View, n: int, seed: int) -> Rows:
    """Draw items by a hash of their keys and the seed."""
    rows = connection.execute(
        view.names.sql(
            "select {key}::text, vector_send({vector}::vector), {text} from {table} t "
            "where {key} in (select {key} from {table} t where {vector} is not null and {content} "
            "order by hashtextextended({key}::text, %s), {key} limit %s) "
            "order by hashtextextended({key}::text, %s), {key}"
        ),
        (seed, n, seed),
        binary=True,
    ).fetchall()
    return _rows(view, rows)


def after(connection: Connection, view: View, last: str | None, limit: int) -> Rows:
    """The next items with an old vector, by their keys."""
    rows = connection.execute(
        view.names.sql(
            "select {key}::text, vector_send({vector}::vector), '' from {table} t "
            "where {vector} is not null and (%s or {key} > %s::text::{type}) "
            "order by {key} limit %s",
            type=raw(view.shape.key),
        ),
        (last is None, last, limit),
        binary=True,
    ).fetchall()
    return _rows(view, rows)


def new_vectors(connection: Connection, view: View, ids: Sequence[Id]) -> dict[Id, Float32s]:
    """Of those items that are done."""
    rows = connection.execute(
        view.names.sql(
            "select {key}::text, vector_send(n.embedding) from {table} t "
            "join {new} n on n.id = {key} "
            "where {key} = any(%s::text[]::{type}[]) and {item} and not {waits}",
            type=raw(view.shape.key),
        ),
        ([str(key) for key in ids],),
        binary=True,
    ).fetchall()
    keys = [view.shape.id(row[0]) for row in rows]
    return dict(zip(keys, parsed([row[1] for row in rows]), strict=True))


def _rows(view: View, rows: list[tuple[str, bytes, str]]) -> Rows:
    return Rows(
        [view.shape.id(row[0]) for row in rows],
        parsed([row[1] for row in rows]),
        [row[2] for row in rows],
    )
