"""Mistakes in the user's files, in the words of the files rather than of pydantic."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ValidationError

from backfill.errors import InputError
from backfill.params.base import NAME
from backfill.reading.files import short

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# So many allowed names are listed; of more, those nearest to what was written.
_ALL, _NEAREST = 25, 8
_COMPARED = 100  # characters of a name that is compared with others
_LISTED = 50  # mistakes; of more, their number
_LONGEST = 2000  # characters of a key, or of what is wrong with it
_EXPECTED = {
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "too_short": "{min_length} or more items",
    "too_long": "at most {max_length} items",
}
_PATTERNS = {NAME: "lower-case letters, digits and underscores"}


class Mistake(NamedTuple):
    """One mistake: in which file, at which key, and what is wrong."""

    file: str
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {_cut(self.key)}: {_cut(self.text)}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def as_error(mistakes: Iterable[Mistake]) -> InputError:
    """All mistakes as one error, one line each."""
    lines = list(mistakes)
    if len(lines) == 1:
        return InputError(str(lines[0]))
    shown = [f"  {line}" for line in lines[:_LISTED]]
    if len(lines) > _LISTED:
        shown.append(f"  and {len(lines) - _LISTED} others")
    return InputError("\n".join((f"{len(lines)} mistakes", *shown)))


def parse(model: type[BaseModel], raw: Any, file: str) -> tuple[Any, list[Mistake]]:
    """Validate a parsed file.

    Args:
        model: what the file holds.
        raw: the parsed file.
        file: its name, for messages.

    Returns:
        The validated model, or None, and the mistakes.
    """
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        return None, list(_of_schema(error, model, raw, file))


# Makes a mistake of what is wrong at a key, below the place that it was made for.
At = Callable[[str, str], Mistake]


def in_file(file: str) -> At:
    """For mistakes at the keys of a whole file."""
    return lambda key, text: Mistake(file, key, text)


def unknown(at: At, key: str, value: str, allowed: Iterable[str], what: str) -> Iterator[Mistake]:
    """A mistake if `value` is not among the names of `what`."""
    names = allowed if isinstance(allowed, Collection) else list(allowed)
    if value not in names:
        yield at(key, f"expected {what}, got {short(value)}{nearest(value, names)}")


def nearest(name: str, allowed: Iterable[str]) -> str:
    """The allowed names, and the one that was probably meant; of many names, the nearest ones."""
    name, names = str(name)[:_COMPARED], [str(each)[:_COMPARED] for each in allowed]
    if not names:
        return ""
    shown = ", ".join(names)
    if len(names) > _ALL:
        close = difflib.get_close_matches(name, names, n=_NEAREST, cutoff=0)
        shown = f"{', '.join(close)} and {len(names) - len(close)} others"
    meant = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; allowed: {shown}" + (f"; did you mean {meant[0]!r}?" if meant else "")


def _of_schema(
    error: ValidationError, model: type[BaseModel], raw: Any, file: str
) -> Iterator[Mistake]:
    errors = error.errors(include_url=False)
    for position, found in enumerate(errors):
        if position > 2 * _LISTED:  # what they were meant to be takes long
            yield from (Mistake(file, "", "wrong") for _ in errors[position:])
            return
        location = [str(step) for step in found["loc"]]
        key = ".".join(_keys(found, raw)) or "the file"
        kind, got = found["type"], found["input"]
        if kind == "extra_forbidden":
            near = nearest(location[-1], _beside(model, location))
            yield Mistake(file, key, f"unknown key{near}")
        elif kind == "missing":
            yield Mistake(file, key, "missing")
        elif kind in ("union_tag_invalid", "union_tag_not_found"):
            yield _of_tag(found, file, key)
        else:
            text = found["msg"].removeprefix("Value error, ")
            if not text.startswith("expected") and ": expected" not in text:
                text = f"expected {_expected(found)}"
            yield Mistake(file, key, text if ", got " in text else f"{text}, got {short(got)}")


def _of_tag(found: ErrorDetails, file: str, key: str) -> Mistake:
    """A row whose kind, loss, ... is missing or unknown."""
    context = found["ctx"]
    tag = context["discriminator"].strip("'")
    if found["type"] == "union_tag_not_found":
        return Mistake(file, f"{key}.{tag}", "missing")
    allowed = [name.strip("'") for name in context["expected_tags"].split(", ")]
    text = f"expected a known {tag}, got {short(context['tag'])}{nearest(context['tag'], allowed)}"
    return Mistake(file, f"{key}.{tag}", text)


def _expected(found: ErrorDetails) -> str:
    """What a value should be."""
    kind, context = found["type"], found.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"text like {context['pattern']}")
    if kind in _EXPECTED:
        return _EXPECTED[kind].format(**context)
    return found["msg"].removeprefix("Input should be ")


def _keys(found: ErrorDetails, raw: Any) -> Iterator[str]:
    """The keys of the file that lead to a mistake.

    pydantic adds the kind of dataset, split or row that it took a section for, and marks a name as
    a key; the file has no such keys.
    """
    node = raw
    for depth, step in enumerate(found["loc"], start=1):
        absent = found["type"] == "missing" and depth == len(found["loc"])
        if isinstance(node, dict) and step not in node and not absent:
            continue
        yield str(step)
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            node = None


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _beside(model: type[BaseModel], location: list[str]) -> list[str]:
    """Names that are allowed beside an unknown key: a walk through the JSON schema."""
    schema = _schema(model)

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        for option in node.get("anyOf", ()):  # X | None
            if "$ref" in option or "discriminator" in option:
                node = option
        reference = node.get("$ref", "").rpartition("/")[2]
        found: dict[str, Any] = schema["$defs"][reference] if reference else node
        return found

    node = schema
    for step in location[:-1]:
        if "discriminator" in node:
            node = resolved({"$ref": node["discriminator"]["mapping"].get(step, "")})
        else:
            # A section has properties; rows by name have a pattern for all their names.
            rows: dict[str, Any] = next(iter(node.get("patternProperties", {}).values()), {})
            node = resolved(node.get("properties", {}).get(step, rows))
    return sorted(node.get("properties", {}))
