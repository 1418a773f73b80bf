"""Mistakes in the user's files, in the words of the files rather than of pydantic."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ValidationError

from backfill.errors import InputError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


class Mistake(NamedTuple):
    """One mistake: in which file, at which key, and what is wrong."""

    file: str
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.text}"


def as_error(mistakes: Iterable[Mistake]) -> InputError:
    """All mistakes as one error, one line each."""
    lines = list(mistakes)
    if len(lines) == 1:
        return InputError(str(lines[0]))
    return InputError(f"{len(lines)} mistakes\n" + "\n".join(f"  {line}" for line in lines))


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


def unknown(
    file: str, key: str, value: str, allowed: Iterable[str], what: str
) -> Iterator[Mistake]:
    """A mistake if `value` is not among the names of `what`."""
    names = list(allowed)
    if value not in names:
        yield Mistake(file, key, f"expected {what}, got {value!r}{nearest(value, names)}")


def nearest(name: str, allowed: Iterable[str]) -> str:
    """The allowed names, and the one that was probably meant."""
    names = list(allowed)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"; allowed: {', '.join(names)}{meant}" if names else ""


def _of_schema(
    error: ValidationError, model: type[BaseModel], raw: Any, file: str
) -> Iterator[Mistake]:
    for found in error.errors(include_url=False):
        location = [str(step) for step in found["loc"]]
        key = ".".join(_keys(found, raw)) or "the file"
        if found["type"] == "extra_forbidden":
            yield Mistake(
                file, key, f"unknown key{nearest(location[-1], _beside(model, location))}"
            )
        elif found["type"] == "missing":
            yield Mistake(file, key, "missing")
        else:
            text = found["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            expected = text if text.startswith("expected") else f"expected {text}"
            got = "" if ", got " in expected else f", got {found['input']!r}"
            yield Mistake(file, key, f"{expected}{got}")


def _keys(found: ErrorDetails, raw: Any) -> Iterator[str]:
    """The keys of the file that lead to a mistake.

    pydantic adds the kind of dataset, split or row that it took a section for; the file has no
    such key.
    """
    node = raw
    for depth, step in enumerate(found["loc"], start=1):
        absent = found["type"] == "missing" and depth == len(found["loc"])
        if isinstance(node, dict) and step not in node and step != "[key]" and not absent:
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
