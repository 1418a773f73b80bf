"""A batch that fails is divided until the texts are found that get no vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backfill.live.embedders import Embedder, Embedding, Unavailable
from backfill.live.embedders.base import joined

_AT_FIRST = 5.0  # seconds of patience before others of the texts are tried
_WITH_ONE = 20.0  # seconds of patience with one text, while the model answers for others
_PLAIN = "A short text."


class Divided(NamedTuple):
    """What became of n texts.

    Attributes:
        rows: those that got a vector, ascending.
        embedding: their vectors, in this order.
        refused: why each of the others got none.
    """

    rows: list[int]
    embedding: Embedding
    refused: dict[int, str]


@dataclass
class Divider:
    """Embeds texts, and tells a text that gets no vector from a model that gives none.

    A text is refused if the model fails for it alone, again and again, and right afterwards embeds
    another text that it has embedded before.

    Attributes:
        embedder: the model.
        known: a text that it has embedded.
    """

    embedder: Embedder
    known: str | None = None

    def embed(self, texts: Sequence[str]) -> Divided:
        """Embed those of the texts that can be embedded.

        Raises:
            Unavailable: the model fails for every text, or does not answer.
        """
        rows = list(range(len(texts)))
        for patience in (_AT_FIRST, None):
            try:
                embedding = self.embedder.attempt(texts, patience)
            except Unavailable as error:
                failed = error
                if error.divides and self._answers(texts):
                    return self._divided(texts)
            else:
                self.known = min(texts, key=len, default=self.known)
                return Divided(rows, embedding, {})
        raise failed

    def _divided(self, texts: Sequence[str]) -> Divided:
        found: list[tuple[list[int], Embedding]] = []
        refused: dict[int, str] = {}
        parts = [list(range(len(texts)))]
        while parts:
            rows = parts.pop()
            patience = 0.0 if len(rows) > 1 else _WITH_ONE
            try:
                found.append((rows, self.embedder.attempt([texts[r] for r in rows], patience)))
            except Unavailable as error:
                if not error.divides or (len(rows) == 1 and not self._answers(texts)):
                    raise
                if len(rows) == 1:
                    refused[rows[0]] = error.got
                else:
                    half = len(rows) // 2
                    parts += [rows[half:], rows[:half]]
        rows = [row for part, _ in found for row in part]  # ascending: parts come in their order
        return Divided(rows, joined([embedding for _, embedding in found], 0), refused)

    def _answers(self, texts: Sequence[str]) -> bool:
        """Whether the model embeds a text that it has embedded before, or else any."""
        tried = [self.known] if self.known is not None else [texts[0], texts[-1], _PLAIN]
        for text in dict.fromkeys(tried):
            try:
                self.embedder.attempt([text], 0.0)
            except Unavailable:
                continue
            self.known = text
            return True
        return False
