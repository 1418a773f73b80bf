"""What the gallery looks like, by the database's catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import LiteralString

from backfill.errors import InputError
from backfill.live.databases.postgres.connections import Connection
from backfill.live.databases.postgres.settings import PostgresSettings
from backfill.live.terms import Id

OPERATORS = {"cosine": "<=>", "ip": "<#>", "l2": "<->"}  # by what an operator class is called


@dataclass(frozen=True)
class Index:
    """An index by which old vectors are searched.

    Attributes:
        name: of the index.
        oid: of the index.
        casts: what the column is cast to in it, such as `::halfvec(3072)`; mostly nothing.
        type: of that expression: `vector` or `halfvec`.
        measure: cosine, ip or l2.
    """

    name: str
    oid: int
    casts: str
    type: str
    measure: str


@dataclass(frozen=True)
class Shape:
    """A gallery.

    Attributes:
        oid: of the table.
        types: column -> type.
        key: type of the key.
        whole: whether keys are whole numbers.
        unique: whether the key has a unique index and is never null.
        vector: type of the old vectors without their width; None: the column is not there.
        width: of the old vectors as the column declares it; None: it does not.
        indexes: of the old vectors.
        partial: names of indexes of old vectors that cannot serve all rows, or no known measure.
    """

    oid: int
    types: dict[str, str]
    key: str
    whole: bool
    unique: bool
    vector: str | None
    width: int | None
    indexes: list[Index]
    partial: list[str]

    def id(self, text: str) -> Id:
        """A key, from its text."""
        return int(text) if self.whole else text


def look(connection: Connection, settings: PostgresSettings) -> Shape:
    """Read the catalogue.

    Raises:
        InputError: there is no such table or column.
    """
    found = connection.execute(
        "select c.oid, c.relkind from pg_class c join pg_namespace s on s.oid = c.relnamespace "
        "where s.nspname = %s and c.relname = %s",
        (settings.in_schema, settings.table),
    ).fetchone()
    if found is None or found[1] not in ("r", "p"):
        got = "none" if found is None else "something else"
        raise InputError(
            f"database.table: expected a table {settings.in_schema}.{settings.table}, got {got}"
        )
    oid = found[0]
    types = dict(
        connection.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = %s and attnum > 0 and not attisdropped order by attnum",
            (oid,),
        ).fetchall()
    )
    for key, column in [("id", settings.id), *(("content", name) for name in settings.content)]:
        if column not in types:
            raise InputError(
                f"database.{key}: expected a column of {settings.table}, got {column!r}; "
                f"it has {', '.join(types)}"
            )
    kind, width = _vector(types.get(settings.vector), settings)
    indexes, partial = _indexes(connection, oid, settings.vector)
    unique = connection.execute(_UNIQUE, (oid, settings.id)).fetchone()
    key_type = types[settings.id]
    whole = key_type in ("smallint", "integer", "bigint")
    return Shape(
        oid, types, key_type, whole, bool(unique and unique[0]), kind, width, indexes, partial
    )


_CAST = re.compile(r"::[\w.]+(?:\(\d+\))?")
_UNIQUE: LiteralString = """
select count(*) > 0 from pg_index i join pg_attribute a on a.attrelid = i.indrelid
where i.indrelid = %s and a.attname = %s and a.attnotnull and i.indisunique and i.indisvalid
and i.indimmediate and i.indpred is null and i.indnkeyatts = 1 and i.indkey[0] = a.attnum
"""
_INDEXES: LiteralString = """
select c.relname, i.indexrelid, pg_get_indexdef(i.indexrelid, 1, false), o.opcname,
       i.indpred is null
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_am m on m.oid = c.relam and m.amname in ('hnsw', 'ivfflat')
join pg_opclass o on o.oid = i.indclass[0]
where i.indrelid = %s and i.indisvalid and i.indisready
order by m.amname, o.opcname, c.relname
"""


def _vector(declared: str | None, settings: PostgresSettings) -> tuple[str | None, int | None]:
    if declared is None:
        return None, None
    match = re.fullmatch(r'(?:.*\.)?"?(vector|halfvec)"?(?:\((\d+)\))?', declared)
    if match is None:
        raise InputError(
            "database.vector: expected a column of type vector or halfvec, "
            f"got {settings.vector!r} of type {declared}"
        )
    return match[1], int(match[2]) if match[2] else None


def _indexes(connection: Connection, oid: int, column: str) -> tuple[list[Index], list[str]]:
    quoted = re.escape('"' + column.replace('"', '""') + '"')
    of_column = re.compile(rf"\(*(?:{re.escape(column)}|{quoted})\)*((?:::[\w.]+(?:\(\d+\))?\)*)*)")
    usable, partial = [], []
    for name, index, expression, operators, whole in connection.execute(_INDEXES, (oid,)):
        found = of_column.fullmatch(expression)
        if found is None:
            continue
        casts = "".join(_CAST.findall(found[1]))
        match = re.fullmatch(r"(vector|halfvec)_(cosine|ip|l2)_ops", operators)
        if match is None or not whole:
            partial.append(name)
        else:
            usable.append(Index(name, index, casts, match[1], match[2]))
    usable.sort(key=lambda index: list(OPERATORS).index(index.measure))
    return usable, partial
