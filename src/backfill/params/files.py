"""Reads the user's YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from backfill.errors import InputError


class _OnceLoader(yaml.CSafeLoader):
    """Refuses a key that stands twice in a mapping, of which YAML keeps the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping from keys that differ."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f"the key {key.value!r} a second time in line {line}")
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else "")
        return super().construct_mapping(node, deep)


def read(path: Path) -> Any:
    """Parse a YAML file.

    Args:
        path: of the file.

    Returns:
        What it holds: mappings, lists and plain values.

    Raises:
        InputError: the file cannot be read, or is not YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_OnceLoader)
    except OSError as error:
        raise InputError(f"{path}: expected a YAML file, got: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: expected valid YAML, got: {reason}") from error
