"""YAML of plain values, read within bounds: whatever the bytes are, it takes no time to say no.

Mappings, lists, text, numbers, true, false and null are what settings are made of. Dates are text.
Tags of other types are refused, and so is what would grow without limit: aliases of aliases, and
brackets within brackets.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml

from backfill.errors import InputError
from backfill.reading.files import read_text, short

MOST_BYTES = 1_000_000
MOST_DEPTH = 50
MOST_VALUES = 50_000  # counted as often as aliases repeat them
_MOST_KEY = 1000  # characters
_MOST_NUMBER = 100  # characters
_CORE = "tag:yaml.org,2002:"
_TAGS: dict[type[yaml.Event], tuple[str, ...]] = {
    yaml.ScalarEvent: ("str", "int", "float", "bool", "null"),
    yaml.SequenceStartEvent: ("seq",),
    yaml.MappingStartEvent: ("map",),
}


class _Loader(yaml.CSafeLoader):
    """Refuses a key that stands twice, of which YAML keeps the last, and numbers without bounds."""

    # Without dates: what stands in the file is what is read.
    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in kinds if not tag.endswith(":timestamp")]
        for first, kinds in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping from keys that differ."""
        seen: set[str] = set()
        for key, _ in getattr(node, "value", ()):
            if not isinstance(key, yaml.ScalarNode):
                raise _at(key, "a key that is not text")
            if len(key.value) > _MOST_KEY:
                raise _at(key, f"a key of {len(key.value):,} characters")
            if key.value in seen:
                raise _at(key, f"the key {short(key.value)} a second time")
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: Any) -> int:
        """An integer of at most 64 bits."""
        value = self._number(node, super().construct_yaml_int)
        if not -(2**63) <= value < 2**63:
            raise _at(node, f"an integer of more than 64 bits, {short(node.value)}")
        return int(value)

    def construct_yaml_float(self, node: Any) -> float:
        """A number that is finite."""
        value = self._number(node, super().construct_yaml_float)
        if not math.isfinite(value):
            raise _at(node, f"a number that is not finite, {short(node.value)}")
        return float(value)

    def construct_yaml_bool(self, node: Any) -> bool:
        """True or false."""
        try:
            return bool(super().construct_yaml_bool(node))
        except KeyError:
            raise _at(node, f"neither true nor false, {short(node.value)}") from None

    def _number(self, node: Any, construct: Any) -> Any:
        if len(str(node.value)) > _MOST_NUMBER:
            raise _at(node, f"a number of {len(node.value):,} characters")
        try:
            return construct(node)
        except (ValueError, IndexError, OverflowError):
            raise _at(node, f"no number, {short(node.value)}") from None


for _kind in ("int", "float", "bool"):
    _Loader.add_constructor(_CORE + _kind, getattr(_Loader, f"construct_yaml_{_kind}"))


def read(path: Path) -> Any:
    """Parse a YAML file.

    Args:
        path: of the file.

    Returns:
        What it holds: mappings, lists and plain values.

    Raises:
        InputError: the file cannot be read, is not YAML in UTF-8, is larger or deeper than settings
            are, or holds other values than plain ones.
    """
    return parse(read_text(path, "a YAML file", MOST_BYTES), str(path))


def parse(text: str, what: str) -> Any:
    """Parse YAML.

    Args:
        text: some YAML.
        what: holds it, for messages.

    Returns:
        What it holds: mappings, lists and plain values.

    Raises:
        InputError: as :func:`read` does.
    """
    if len(text) > MOST_BYTES:
        raise InputError(f"{what}: expected at most {MOST_BYTES:,} characters of YAML, got more")
    try:
        _require_bounded(text)
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, UnicodeError) as error:
        reason = " ".join(str(error).replace(' in "<unicode string>",', " in").split())
        raise InputError(f"{what}: expected valid YAML, got: {reason}") from error


def _require_bounded(text: str) -> None:
    """Raise YAMLError at what would be too deep, too large once aliases are followed, or a type."""
    sizes: dict[str, float] = {}  # anchor -> values below it
    opened: list[tuple[str | None, float]] = []  # anchors of what is open, and the count before it
    count = 0.0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                sizes[anchor] = count - before
        elif isinstance(event, yaml.AliasEvent):
            count += sizes.get(str(event.anchor), 0)  # one that is not there is an error later
        elif isinstance(event, yaml.NodeEvent):
            _require_plain(event)
            if event.anchor:
                sizes[event.anchor] = math.inf if _opens(event) else 1  # within itself: no end
            if _opens(event):
                opened.append((event.anchor, count))
            count += 1
        if len(opened) > MOST_DEPTH:
            raise _at(event, f"more than {MOST_DEPTH} levels")
        if count > MOST_VALUES:
            raise _at(event, f"more than {MOST_VALUES:,} values, or one that holds itself")


def _opens(event: yaml.Event) -> bool:
    return isinstance(event, yaml.CollectionStartEvent)


def _require_plain(event: Any) -> None:
    """Raise YAMLError at a tag that is not of a plain value, and at a character 0."""
    if event.tag is not None and event.tag.removeprefix(_CORE) not in ("!", *_TAGS[type(event)]):
        raise _at(event, f"the tag {short(event.tag)}; plain values have none")
    if isinstance(event, yaml.ScalarEvent) and "\0" in event.value:
        raise _at(event, "text with a character 0")


def _at(where: Any, text: str) -> yaml.YAMLError:
    return yaml.YAMLError(f"{text} in line {where.start_mark.line + 1}")
