"""Which content a vector was made from, and by which model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

JOINT = "\n"  # between the parts of an item's content
_AFTER_MODEL = "\x1f"


def text_of(parts: Iterable[object]) -> str:
    """The text that is embedded: an item's parts of content that are there, one per line."""
    return JOINT.join(str(part) for part in parts if part is not None)


def fingerprint(model: str, text: str) -> str:
    """What changes when a text does, or the model that embeds it.

    An item is backfilled if and only if this, of its current text, stands beside its new vector.
    Databases that can compute SHA-256 compute the same.

    Args:
        model: identity of the new model: :attr:`backfill.live.embedders.Embedder.identity`.
        text: of an item.

    Returns:
        64 hexadecimal digits: SHA-256 of the model, the character U+001F and the text, in UTF-8.
    """
    return hashlib.sha256(f"{model}{_AFTER_MODEL}{text}".encode("utf-8", "replace")).hexdigest()
