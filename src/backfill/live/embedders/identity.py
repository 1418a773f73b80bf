"""The text that tells models apart."""

from __future__ import annotations

import json


def identity(**parts: object) -> str:
    """What vectors depend on, as JSON with sorted keys; parts that are None are left out."""
    kept = {name: value for name, value in parts.items() if value is not None}
    return json.dumps(kept, sort_keys=True, ensure_ascii=True)
