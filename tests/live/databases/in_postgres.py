"""An application that has its gallery in PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from application import HOSTILE, OLD, Make, Row
from psycopg import sql

from backfill.live.base import Database
from backfill.live.databases import DATABASES
from backfill.live.databases.postgres.server import Server
from backfill.live.terms import Id

NAMES = {"table": "items", "id": "id", "content": "body", "vector": "embedding", "colour": "colour"}


@contextmanager
def applications() -> Iterator[Make]:
    with Server(max_connections=60) as server:
        numbers = itertools.count()
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("create database empty")
        with psycopg.connect(server.url("empty"), autocommit=True) as connection:
            connection.execute("create extension vector")
            connection.execute("create table y (z int)")

        def make(folder: Path, **options: Any) -> InPostgres:
            name = f"gallery_{next(numbers)}"
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute(
                    sql.SQL("create database {} template empty").format(sql.Identifier(name))
                )
            return InPostgres(server, name, **options)

        yield make


class InPostgres:
    colour: str

    def __init__(
        self,
        server: Server,
        name: str,
        *,
        hostile: bool = False,
        whole: bool = True,
        key: str | None = None,
        vector: str = f"vector({OLD})",
        index: str | None = "hnsw ({vector} vector_cosine_ops)",
    ) -> None:
        self.server = server
        self.whole = whole
        self.url = server.url(name)
        self.names = {k: HOSTILE + v if hostile else v for k, v in NAMES.items()}
        self.colour = self.names["colour"]
        self.connection = psycopg.connect(self.url, autocommit=True)
        key_type = key or ("bigint" if whole else "text")
        self.run(
            f"create table {{table}} ({{id}} {key_type} primary key, {{content}} text, "
            f"{{vector}} {vector}, {{colour}} text)"
        )
        if index is not None:
            self.run(f"create index on {{table}} using {index}")

    def run(self, template: str, *values: Any, connection: Any = None) -> Any:
        names = {k: sql.Identifier(v.replace("%", "%%")) for k, v in self.names.items()}
        statement = sql.SQL(template).format(**names)
        return (connection or self.connection).execute(statement, values)

    def open(self, **settings: Any) -> Database:
        names = {k: v for k, v in self.names.items() if k != "colour"}
        kind = DATABASES["postgres"]
        section = {"url": self.url, "patience": 5, **names, **settings}
        return kind.open("trial", kind.settings.model_validate(section))

    def insert(self, rows: dict[Id, Row]) -> None:
        with self.connection.transaction():
            for key, row in rows.items():
                self.run(
                    "insert into {table} ({id}, {content}, {vector}, {colour}) "
                    "values (%s, %s, %s, %s)",
                    key, row.text, _sent(row.vector), row.colour,
                )  # fmt: skip

    def update(self, key: Id, **values: Any) -> None:
        for name, value in values.items():
            column = "{content}" if name == "text" else f"{{{name}}}"
            sent = _sent(value) if name == "vector" else value
            self.run(f"update {{table}} set {column} = %s where {{id}} = %s", sent, key)

    def delete(self, keys: Sequence[Id]) -> None:
        for key in keys:
            self.run("delete from {table} where {id} = %s", key)

    def fetch(self) -> dict[Id, Row]:
        rows = self.run("select {id}, {content}, {vector}::real[], {colour} from {table}")
        return {
            key: Row(text, None if vector is None else np.array(vector, np.float32), colour)
            for key, text, vector, colour in rows
        }

    def image(self) -> Any:
        catalogues = (
            "select n.nspname, c.relname, c.relkind::text from pg_class c "
            "join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema')",
            "select t.tgname, t.tgrelid::regclass::text, '' from pg_trigger t",
            "select p.proname, n.nspname, '' from pg_proc p "
            "join pg_namespace n on n.oid = p.pronamespace where n.nspname <> 'pg_catalog'",
            "select nspname, '', '' from pg_namespace where nspname !~ '^pg_'",
            "select attname, attrelid::regclass::text, attnum::text from pg_attribute "
            "where attrelid > 16384",
        )
        rows = self.run("select ctid::text, xmin::text, t::text from {table} t").fetchall()
        return sorted(rows), [sorted(self.connection.execute(c).fetchall()) for c in catalogues]

    @contextmanager
    def unseen(self) -> Iterator[None]:
        self.connection.execute("set session_replication_role = replica")
        yield
        self.connection.execute("set session_replication_role = origin")

    def mistakes(self) -> dict[str, dict[str, Any]]:
        secret = "s3cret-of-nobody"
        port = self.url.partition("@")[2]
        return {
            "database.table": {"table": "nowhere"},
            "database.id": {"id": "nowhere"},
            "database.content": {"content": ["nowhere"]},
            "database.vector": {"vector": "nowhere"},
            "database: ": {"url": f"postgresql://postgres:{secret}@{port}"},
            "database.url": {"url": f"postgresql://postgres:{secret}@more@{port}"},
        }


def _sent(vector: Any) -> str | None:
    return None if vector is None else str([float(x) for x in vector])
