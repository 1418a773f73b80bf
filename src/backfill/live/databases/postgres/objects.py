"""What a migration adds to a database, and how it is removed again.

The gallery itself gets two triggers and nothing else. They append notes to a queue, and neither
read nor lock anything: no application waits for a worker, in any isolation level. An item's note is
there as soon as its change is, so that a worker that removes older notes misses nothing.
"""

from __future__ import annotations

from psycopg import sql

from backfill.live.databases.postgres import records
from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.names import SCHEMA, Names, identifier, literal, raw
from backfill.live.databases.postgres.settings import PostgresSettings
from backfill.live.databases.postgres.shape import Shape
from backfill.live.terms import Setup

CHANGED = -2  # rank of a change: before those to come first, at -1 to 0, and all others, from 0
# So wide, vectors fit into their rows. Were they stored apart, the planner would take a table for
# small that is not, and compare all of it rather than use its index.
PLAIN_WIDTH = 1900
HNSW_WIDTH = 2000  # beyond, pgvector indexes at half precision, up to twice as many


def indexed(column: sql.Composable, width: int) -> tuple[sql.Composable, str]:
    """The expression that an HNSW index of vectors is of, and its type."""
    kind = "vector" if width <= HNSW_WIDTH else "halfvec"
    if kind == "vector":
        return column, kind
    return sql.SQL("({}::halfvec({}))").format(column, literal(width)), kind


def create(
    connection: Connection, names: Names, settings: PostgresSettings, shape: Shape, setup: Setup
) -> None:
    """Make tables, functions and triggers; the gallery is locked against writes for a moment."""
    key = raw(shape.key)
    records.create(connection)
    drop(connection, names)  # of a start that did not end
    vectors = {"new": ("fingerprint", "text", setup.width)}
    queues = ["waiting"]
    if setup.carried is not None:
        vectors["carried"] = ("source", "bytea", setup.carried)
        queues.append("uncarried")
    for table, (beside, type_, width) in vectors.items():
        storage = "plain" if width <= PLAIN_WIDTH else "external"
        connection.execute(
            names.sql(
                "create table {it} (id {key_type}, embedding vector({width}) storage {storage} "
                "not null, {beside} {type} not null, primary key (id) include ({beside}))",
                it=names.parts[table], key_type=key, width=literal(width), storage=raw(storage),
                beside=raw(beside), type=raw(type_),
            ), ()
        )  # fmt: skip
        expression, kind = indexed(sql.SQL("embedding"), width)
        connection.execute(
            names.sql(
                "create index on {it} using hnsw ({expression} {operators}) "
                "with (m = {m}, ef_construction = {ef})",
                it=names.parts[table], expression=expression, operators=raw(f"{kind}_cosine_ops"),
                m=literal(settings.m), ef=literal(settings.ef_construction),
            ), ()
        )  # fmt: skip
    for table in queues:
        connection.execute(
            names.sql(
                "create table {it} (seq bigint generated always as identity primary key, "
                "id {type} not null, rank double precision not null) "
                "with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)",
                it=names.parts[table], type=key,
            ), ()
        )  # fmt: skip
        for columns in ("rank, seq", "id"):
            connection.execute(
                names.sql("create index on {it} ({of})", it=names.parts[table], of=raw(columns)), ()
            )
    connection.execute(
        names.sql(
            "create function {fingerprint}(content text) returns text language sql stable "
            "parallel safe return encode(sha256(convert_to({model} || content, 'UTF8')), 'hex')",
            model=literal(f"{setup.model}\x1f"),
        ), ()
    )  # fmt: skip
    triggers(connection, names, settings, queues, old=True)


def triggers(
    connection: Connection,
    names: Names,
    settings: PostgresSettings,
    queues: list[str],
    *,
    old: bool,
) -> None:
    """Let changes of the gallery be noted, in place of triggers that are there."""
    note = sql.SQL(" ").join(
        names.sql("insert into {it} (id, rank) values (%(row)s, {rank});", it=names.parts[queue],
                  rank=literal(CHANGED))
        for queue in queues
    ).as_string(connection)  # fmt: skip
    column = names.sql("{id}").as_string(connection)
    new, before = (note.replace("%(row)s", f"{row}.{column}") for row in ("new", "old"))
    body = (
        f"begin if tg_op = 'DELETE' then {before} else {new} "
        f"if tg_op = 'UPDATE' and old.{column} is distinct from new.{column} then {before} end if; "
        "end if; return null; end"
    )
    connection.execute(names.sql("drop function if exists {changed}() cascade"), ())
    connection.execute(
        names.sql(
            "create function {changed}() returns trigger language plpgsql security definer "
            "set search_path = pg_catalog, pg_temp as {body}",
            body=sql.Literal(body),
        ), ()
    )  # fmt: skip
    seen = dict.fromkeys([settings.id, *settings.content], "::text")
    if old:
        seen[settings.vector] = ""
    differs = sql.SQL(" or ").join(
        sql.SQL("old.{0}{1} is distinct from new.{0}{1}").format(identifier(column), raw(cast))
        for column, cast in seen.items()
    )
    connection.execute(
        names.sql(
            "create trigger {trigger} after insert or delete on {table} for each row "
            "execute function {changed}()"
        ), ()
    )  # fmt: skip
    connection.execute(
        names.sql(
            "create trigger {updates} after update on {table} for each row when ({differs}) "
            "execute function {changed}()",
            updates=identifier(f"{SCHEMA}_{names.name}_updates"), differs=differs,
        ), ()
    )  # fmt: skip


def fill(connection: Connection, names: Names, shape: Shape, setup: Setup) -> None:
    """Let all items wait that are not done, in the order that was set up."""
    rank = "random()" if setup.order == "random" else "row_number() over (order by {key})"
    first = [str(key) for key in setup.first]
    connection.execute(
        names.sql(
            "insert into {waiting} (id, rank) "
            "select w.id, coalesce((f.place - 1)::float8 / %s - 1, w.rank) from "
            f"(select {{key}} as id, {rank} as rank from {{table}} t left join {{new}} n "
            "on n.id = {key} where {item} and {waits}) w "
            "left join (select id::{type} as id, min(place) as place "
            "from unnest(%s::text[]) with ordinality u(id, place) group by 1) f on f.id = w.id "
            "order by 2",
            type=raw(shape.key),
        ),
        (max(len(first), 1), first),
    )
    if setup.carried is not None:
        connection.execute(
            names.sql(
                "insert into {uncarried} (id, rank) "
                "select {key}, 0 from {table} t where {vector} is not null"
            ), ()
        )  # fmt: skip


def drop(connection: Connection, names: Names) -> None:
    """Remove all of a migration but its record, in an open transaction."""
    connection.execute(names.sql("drop function if exists {changed}() cascade"), ())
    for table in ("new", "waiting", "carried", "uncarried"):
        connection.execute(names.sql("drop table if exists {it}", it=names.parts[table]), ())
    connection.execute(names.sql("drop function if exists {fingerprint}(text)"), ())
