"""`like`: a row that is another one with some keys changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from backfill.params.mistakes import Mistake, nearest
from backfill.reading.files import short

# What says how a method is shown is its own.
_NOT_INHERITED = ("panel", "label")


# (section, row) -> the row of the section that it is like.
Likes = dict[tuple[str, str], str]


def resolve(raws: Mapping[str, Any], sections: tuple[str, ...], likes: Likes) -> Iterator[Mistake]:
    """Replace each row with a key `like` by the row that it names and its own keys on top.

    A key set to null takes the other row's value away.

    Args:
        raws: parsed files by name, the ones that are built upon first; changed in place.
        sections: keys of a file that hold rows by name.
        likes: filled with who is like whom.
    """
    for section in sections:
        known: dict[str, Any] = {}
        for file, raw in raws.items():
            rows = raw.get(section) if isinstance(raw, dict) else None
            if not isinstance(rows, dict):
                continue
            for name, row in rows.items():
                if isinstance(row, dict) and "like" in row:
                    own = {key: value for key, value in row.items() if key != "like"}
                    like = row["like"]
                    base = known.get(like) if isinstance(like, str) else None
                    if base is None:
                        text = f"expected a row above it, got {short(like)}"
                        near = nearest(str(like), known)
                        yield Mistake(file, f"{section}.{name}.like", f"{text}{near}")
                    elif like != name:  # of another file; to have its name is a mistake of its own
                        likes[section, name] = like
                    merged = {k: v for k, v in (base or {}).items() if k not in _NOT_INHERITED}
                    row = {k: v for k, v in (merged | own).items() if v is not None}
                    rows[name] = row
                if isinstance(row, dict):
                    known[name] = row


def without_echoes(mistakes: Iterable[Mistake], likes: Likes) -> list[Mistake]:
    """Leave out the mistakes that a row has only because the row that it is like has them.

    Args:
        mistakes: of all files.
        likes: as :func:`resolve` fills it.
    """
    found = list(mistakes)

    def said(mistake: Mistake) -> str:
        return mistake.text.partition("; allowed")[0]

    known = {(mistake.key, said(mistake)) for mistake in found}

    def echoes(mistake: Mistake) -> bool:
        section, _, rest = mistake.key.partition(".")
        row, _, key = rest.partition(".")
        seen = {row}  # across files, rows with the same names may be like each other
        while (section, row) in likes and (row := likes[section, row]) not in seen:
            seen.add(row)
            if (f"{section}.{row}.{key}", said(mistake)) in known:
                return True
        return False

    return [mistake for mistake in found if not echoes(mistake)] or found
