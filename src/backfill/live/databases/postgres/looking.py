"""What the database is, and what it lacks for a migration."""

from __future__ import annotations

from typing import LiteralString

from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.objects import HNSW_WIDTH, PLAIN_WIDTH
from backfill.live.databases.postgres.view import View
from backfill.live.terms import Facts

_SAMPLE = 1000  # rows
_PAGE = 8192  # bytes
_LEAST = (0, 8)  # version of pgvector that goes on searching when a condition leaves too few
_RIGHTS: LiteralString = """
select has_database_privilege(current_database(), 'CREATE'), has_table_privilege(%s, 'TRIGGER'),
       has_table_privilege(%s, 'SELECT'), pg_has_role(relowner, 'USAGE')
from pg_class where oid = %s
"""


def facts(connection: Connection, view: View, width: int | None) -> Facts:
    """Look at the server and the gallery; nothing is changed."""
    oid = view.shape.oid
    row = connection.execute(
        "select current_setting('server_version'), "
        "(select extversion from pg_extension where extname = 'vector'), "
        "(select reltuples from pg_class where oid = %s)",
        (oid,),
    ).fetchone()
    assert row is not None
    version, extension, items = row
    if items < 100_000:  # also -1, of a table that was never analysed
        items = _one(connection, view, "select count(*) from {table} t where {item}")
    characters = _one(
        connection,
        view,
        "select coalesce(avg(length({text})), 0)::float8 "
        f"from (select * from {{table}} t where {{content}} limit {_SAMPLE}) t",
    )
    old = view.shape.width or _one(
        connection, view,
        "select coalesce((select vector_dims({vector}::vector) from {table} t "
        "where {vector} is not null limit 1), 0)",
    )  # fmt: skip
    new = width or old
    missing = _rights(connection, view)
    if tuple(int(part) for part in extension.split(".")[:2]) < _LEAST:
        missing.append(f"pgvector {extension} cannot go on searching; update it to 0.8 or later.")
    if not view.shape.unique:
        missing.append(f"{view.settings.id} has no unique index of its own, or may be null.")
    if new > 2 * HNSW_WIDTH:
        missing.append(
            f"pgvector's HNSW index has at most {2 * HNSW_WIDTH:,} dimensions; "
            f"new vectors would have {new:,}."
        )
    return Facts(
        server=f"PostgreSQL {version.split()[0]}, pgvector {extension}",
        items=int(items),
        width=int(old),
        text_characters=float(characters),
        old_bytes=_old_bytes(connection, view, int(items), int(old)),
        new_bytes=int(items) * _bytes(int(new), view.settings.m),
        carried_bytes=int(items) * _bytes(int(old + new), view.settings.m),
        missing=missing,
        notes=_notes(view, int(new)),
    )


def _one(connection: Connection, view: View, template: str) -> int | float:
    row = connection.execute(view.names.sql(template), ()).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def _rights(connection: Connection, view: View) -> list[str]:
    oid, table = view.shape.oid, view.settings.table
    row = connection.execute(_RIGHTS, (oid, oid, oid)).fetchone()
    assert row is not None
    schema, trigger, select, _ = row
    missing = []
    if not schema:
        missing.append("The account may not create a schema in this database: grant create on it.")
    if not trigger:
        missing.append(f"The account may not create a trigger on {table}: grant trigger on it.")
    if not select:
        missing.append(f"The account may not read {table}: grant select on it.")
    return missing


def _notes(view: View, new: int) -> list[str]:
    notes = []
    if view.index is None:
        others = [*(index.name for index in view.shape.indexes), *view.shape.partial]
        notes.append(
            f"No index of {view.settings.vector} serves searches by cosine"
            + (f" ({', '.join(others)} cannot)" if others else "")
            + ": waiting items are compared one by one."
        )
    elif view.index.measure != "cosine":
        notes.append(
            f"{view.index.name} ranks by another measure than cosine, "
            "alike as long as old vectors have length 1."
        )
    if HNSW_WIDTH < new <= 2 * HNSW_WIDTH:
        notes.append(
            f"Vectors of more than {HNSW_WIDTH:,} dimensions are indexed at half precision; "
            "cosines are computed at full precision."
        )
    return notes


def _old_bytes(connection: Connection, view: View, items: int, width: int) -> int | None:
    if view.shape.vector is None:
        return 0
    indexes = [index.oid for index in view.shape.indexes]
    row = connection.execute(
        "select coalesce(sum(pg_relation_size(oid)), 0) from pg_class where oid = any(%s)",
        (indexes,),
    ).fetchone()
    assert row is not None
    number = 4 if view.shape.vector == "vector" else 2
    return int(row[0]) + items * (number * width + 8)


def _bytes(width: int, m: int) -> int:
    """What an item takes with a new vector: in the table, its key, and in the HNSW index.

    In the index, and in the table if they are not stored apart, as many vectors share a page as
    fit.
    """
    number = 4 if width <= HNSW_WIDTH else 2
    in_index = _share(number * width + 6 * 2 * m + 120)
    in_table = _share(4 * width + 120) if width <= PLAIN_WIDTH else 4 * width + 250
    return in_table + in_index + 120


def _share(size: int) -> int:
    """What something takes of the pages that it shares."""
    return _PAGE // max(1, (_PAGE - 40) // size)
