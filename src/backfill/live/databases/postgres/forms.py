"""The parts of a search's statement: templates for `Names.sql`, one row for each hit.

A row is: the side, 0 for what waits and 1 for what is done; the key; the cosine; and, where there
is no cosine, an old vector that was not carried forward yet.
"""

from __future__ import annotations

from backfill.live.databases.postgres.carrying import NEEDED

MANY = 2  # in the place of a side: more than a few wait

# From the end: notes at the beginning may be dead rows by the thousand.
GATE = (
    "with gate as materialized (select count(*) <= {few} as few from "
    "(select from {waiting} order by rank desc, seq desc limit {few} + 1) w) "
)
NOTHING = "select 0, '', null::float8, null::bytea where false"
_NOTED = "(select distinct id from {waiting}) w"  # each item once, whatever its notes


def hits(side: int, measured: str, of: str, order: str) -> str:
    """The nearest of some rows on one side."""
    return (
        f"select {side}, key, cosine, null::bytea from (select {{key}}::text as key, "
        f"1 - ({measured}) as cosine from {of} order by {order} limit {{k}}) s"
    )


def _waiting(rows: str, noted: str) -> dict[str, list[str]]:
    """Hits among rows, in each form; `+ 0` keeps an index from giving the order."""
    one_by_one = "({measured}) + 0"
    return {
        "exact": [hits(0, "{measured}", rows, one_by_one)],
        "many": [hits(0, "{measured}", rows, "{order}")],
        "asks": [
            hits(0, "{measured}", f"{noted} and (select few from gate)", one_by_one),
            hits(0, "{measured}", f"{rows} and not (select few from gate)", "{order}"),
        ],
    }


_OLD = "left join {new} n on n.id = {key} where {vector} is not null and {waits}{filter}"
BY_OLD = _waiting(
    f"{{table}} t {_OLD}",
    f"{_NOTED} join {{table}} t on {{key}} = w.id {_OLD}",
)
# Most rows of an index near its end are of items that are done: no hash is computed of theirs.
_CARRIED = (
    "join {table} t on {key} = c.id left join {new} n on n.id = c.id "
    "where case when {waits} then c.source = {source} end{filter}"
)
_LEFT = (
    "select 0, {key}::text, null::float8, vector_send({vector}::vector) from %s "
    "left join {new} n on n.id = {key} left join {carried} c on c.id = {key} "
    f"where {NEEDED}{{filter}}"
)
_LEFT_BY_NOTES = _LEFT % ("(select distinct id from {uncarried}) u join {table} t on {key} = u.id")
BY_CARRIED = {
    form: [*parts, _LEFT % "{table} t" if form == "exact" else _LEFT_BY_NOTES]
    for form, parts in _waiting(
        f"{{carried}} c {_CARRIED}", f"{_NOTED} join {{carried}} c on c.id = w.id {_CARRIED}"
    ).items()
}
BY_NEW = hits(
    1,
    "{new_measured}",
    "{new} n join {table} t on {key} = n.id where n.fingerprint = {print} and {item}{filter}",
    "{new_order}",
)
