"""What a migration asks of an embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from backfill.arrays import Float32s


class Unavailable(Exception):
    """No usable vectors after retries: the migration pauses and shows this message.

    The message names the model and what happened, and holds no credential.

    Args:
        message: for people.
        got: what came instead of vectors.
        divides: whether some of the texts may get vectors all the same.
    """

    def __init__(self, message: str, *, got: str = "", divides: bool = False) -> None:
        super().__init__(message)
        self.got = got or message
        self.divides = divides


class Embedding(NamedTuple):
    """Vectors, and what they used.

    Attributes:
        vectors: (n, d) finite, of unit length.
        tokens: that a service counted; None where none are.
    """

    vectors: Float32s
    tokens: int | None = None


def joined(parts: Sequence[Embedding], width: int) -> Embedding:
    """Put embeddings one after the other.

    Args:
        parts: of the same width.
        width: of vectors, for an embedding of nothing.

    Returns:
        All vectors, and the sum of the tokens that were counted, if any were.
    """
    counted = [part.tokens for part in parts if part.tokens is not None]
    rows = [part.vectors for part in parts] or [np.empty((0, width), np.float32)]
    return Embedding(np.concatenate(rows), sum(counted) if counted else None)


class Embedder(Protocol):
    """An embedding model.

    Attributes:
        identity: provider, model, revision or digest, width and prompts: what changes vectors.
    """

    @property
    def identity(self) -> str:
        """What the vectors depend on."""

    @property
    def width(self) -> int:
        """Of its vectors; may ask the model."""

    def documents(self, texts: Sequence[str]) -> Embedding:
        """Embed texts of the gallery.

        Raises:
            Unavailable: it gave no vectors, or not as many as texts, or of another width, or not
                finite, or of zero length, after retries.
        """

    def attempt(self, texts: Sequence[str], patience: float | None = None) -> Embedding:
        """Embed texts of the gallery; what is refused is not tried in smaller parts.

        Args:
            texts: of items.
            patience: seconds for which a failed request is repeated, if fewer than the settings'.

        Raises:
            Unavailable: as `documents`.
        """

    def queries(self, texts: Sequence[str]) -> Embedding:
        """Embed queries; as `documents`, with the prompt of queries."""
