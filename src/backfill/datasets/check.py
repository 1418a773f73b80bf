"""Checks whether a dataset is complete and how much room a run with it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from backfill.datasets.registry import READERS
from backfill.datasets.settings import Settings
from backfill.datasets.summary import describe
from backfill.errors import InputError
from backfill.reading import yaml
from backfill.reading.files import short

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MOST, _SHOWN = 20, 500  # mistakes of a message, and characters of one


def check(name: str, root: str | None, assignments: Sequence[str], dim: int, views: int) -> str:
    """Load a dataset, decode a few of its images, and describe what was found.

    Args:
        name: the dataset.
        root: its folder; None for a dataset without files.
        assignments: further settings, each as `key=value` with the value in YAML.
        dim: dimensions of an embedding.
        views: augmented views of the training set that a run embeds.

    Returns:
        Lines of text: what each part holds, and the bytes that a run writes.

    Raises:
        InputError: settings are missing, unknown or of the wrong type, or the dataset cannot be
            used.
    """
    settings = parse(name, root, assignments)
    reader = READERS[settings.name]
    return describe(reader.load(settings), reader.published, dim, views)


def parse(name: str, root: str | None, assignments: Sequence[str]) -> Settings:
    """Validate the settings of a dataset that a command line gives.

    Args:
        name: the dataset.
        root: its folder, or None.
        assignments: further settings, each as `key=value` with the value in YAML.

    Raises:
        InputError: names every setting that is missing, unknown or of the wrong type.
    """
    if name not in READERS:
        raise InputError(f"dataset: expected one of {', '.join(READERS)}, got {short(name)}")
    keys = list(READERS[name].settings.model_fields)
    values: dict[str, Any] = {"name": name}
    if root is not None and "root" in keys:
        values["root"] = root
    elif root is not None:  # a dataset without files: the first argument is a setting
        assignments = [root, *assignments]
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise InputError(f"{name}: expected key=value, got {short(assignment)}")
        values[key] = yaml.parse(value, f"{name}: {key if key in keys else short(key)}")
    try:
        return READERS[name].settings.model_validate(values)
    except ValidationError as error:
        mistakes = [_worded(mistake, keys)[:_SHOWN] for mistake in error.errors()]
        more = [f"and {len(mistakes) - _MOST} more"] if len(mistakes) > _MOST else []
        raise InputError(f"{name}: " + "; ".join(mistakes[:_MOST] + more)) from None


def _worded(mistake: ErrorDetails, keys: list[str]) -> str:
    """Word one mistake as all errors are; `keys` are the settings that there are."""
    key = ".".join(map(str, mistake["loc"]))
    if mistake["type"] == "missing":
        return f"{key}: expected a value, got none"
    if mistake["type"] == "extra_forbidden":
        return f"{key}: expected one of the settings {', '.join(keys)}, got an unknown one"
    text = mistake["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if ", got " in text:
        return f"{key}: {text}"
    return f"{key}: expected {text}, got {short(mistake['input'])}"
