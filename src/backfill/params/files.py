"""Reads the user's YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from backfill.errors import InputError


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
        return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise InputError(f"{path}: expected a YAML file, got: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: expected valid YAML, got: {reason}") from error
