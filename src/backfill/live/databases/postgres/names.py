"""SQL of a migration: every identifier is quoted, every value bound."""

from __future__ import annotations

from psycopg import sql

from backfill.live.databases.postgres.settings import PostgresSettings
from backfill.live.fingerprint import JOINT

SCHEMA = "backfill"  # where all that is ours lives


def identifier(*parts: str) -> sql.Identifier:
    """A quoted name; percent signs are doubled, as statements have parameters."""
    return sql.Identifier(*(part.replace("%", "%%") for part in parts))


def literal(value: str | int) -> sql.Literal:
    """A quoted value, where a statement that defines something cannot have parameters."""
    return sql.Literal(value.replace("%", "%%") if isinstance(value, str) else value)


def raw(text: str) -> sql.SQL:
    """SQL that the database's own catalogue gave."""
    return sql.SQL(text.replace("%", "%%"))


class Names:
    """Names and expressions that statements are made of.

    In a statement, `t` is the row of the gallery, `n` that of the new vectors and `c` that of the
    carried ones.

    Attributes:
        name: of the migration.
        parts: what templates may name.

    Args:
        name: of the migration.
        settings: of the database.
        old: whether the gallery has its column of old vectors.
    """

    def __init__(self, name: str, settings: PostgresSettings, *, old: bool = True) -> None:
        self.name = name
        key = sql.SQL("t.{}").format(identifier(settings.id))
        content = [sql.SQL("t.{}").format(identifier(column)) for column in settings.content]
        vector = sql.SQL("t.{}").format(identifier(settings.vector)) if old else sql.SQL("null")
        there = [*content, vector] if old else content
        fingerprint = identifier(SCHEMA, f"{name}_fingerprint")
        text = sql.SQL("concat_ws({}, {})").format(
            literal(JOINT), sql.SQL(", ").join(part + sql.SQL("::text") for part in content)
        )
        print_ = sql.SQL("{}({})").format(fingerprint, text)
        self.parts: dict[str, sql.Composable] = {
            "schema": identifier(SCHEMA),
            "migrations": identifier(SCHEMA, "migrations"),
            "table": identifier(settings.in_schema, settings.table),
            "new": identifier(SCHEMA, f"{name}_new"),
            "waiting": identifier(SCHEMA, f"{name}_waiting"),
            "carried": identifier(SCHEMA, f"{name}_carried"),
            "uncarried": identifier(SCHEMA, f"{name}_uncarried"),
            "fingerprint": fingerprint,
            "changed": identifier(SCHEMA, f"{name}_changed"),
            "trigger": identifier(f"{SCHEMA}_{name}"),
            "id": identifier(settings.id),
            "key": key,
            "text": text,
            "print": print_,
            "vector": vector,
            # An item is a row with content or an old vector.
            "item": sql.SQL("({})").format(
                sql.SQL(" or ").join(part + sql.SQL(" is not null") for part in there)
            ),
            "content": sql.SQL("({})").format(
                sql.SQL(" or ").join(part + sql.SQL(" is not null") for part in content)
            ),
            # It is done if its fingerprint stands beside its new vector; `n` is outer joined.
            "waits": sql.SQL("(n.id is null or n.fingerprint <> {})").format(print_),
            "source": sql.SQL("sha256(vector_send({}::vector))").format(vector),
        }

    def sql(self, template: str, **more: sql.Composable) -> sql.Composed:
        """Fill a template's names in."""
        return sql.SQL(template).format(**self.parts, **more)
