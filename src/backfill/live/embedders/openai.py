"""Any embeddings API in the form of OpenAI's: hosted ones, and servers of your own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from backfill.errors import InputError
from backfill.live.embedders.answers import parsed
from backfill.live.embedders.checked import Answer, Checked, Patience
from backfill.live.embedders.http import Poster
from backfill.live.embedders.identity import identity
from backfill.live.embedders.registry import embedder
from backfill.texts.models import Role

_PER_TEXT = 1 << 20  # bytes of an answer: 16,384 numbers in spacious JSON
_ANSWER = 1 << 28  # bytes of an answer, at most


class OpenAISettings(Patience):
    """A service that answers `POST <base_url>/embeddings`.

    The key itself never stands here. `base_url` is not part of the model's identity: the same model
    may be served elsewhere.
    """

    provider: Literal["openai"] = "openai"
    base_url: str = Field(description="https://api.openai.com/v1, for instance")
    model: str = Field(min_length=1, description="its name there")
    key_from: str | None = Field(
        None, description="environment variable that holds the API key; none: no key is sent"
    )
    dimensions: int | None = Field(
        None, ge=1, description="width to ask for; none: what the model gives"
    )
    encoding: Literal["float", "base64"] = Field(
        "float", description="of vectors; base64 is smaller, where the service can"
    )
    document_prompt: str = Field("", description="before each document")
    query_prompt: str = Field("", description="before each query")
    longest: int | None = Field(
        None, ge=1, description="characters of a text that are sent; the rest is cut off"
    )
    batch_size: int = Field(128, ge=1, description="most texts per request")
    characters: int = Field(
        200_000, ge=1, description="most characters per request, if it has several texts"
    )
    timeout: float = Field(60, gt=0, description="seconds for a whole answer")
    connect_timeout: float = Field(10, gt=0, description="seconds for a connection")

    @field_validator("base_url")
    @classmethod
    def _plain(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https") or not url.isprintable():
            raise ValueError("expected an address that begins with http:// or https://")
        if parts.username or parts.password or parts.query or parts.fragment or " " in url:
            raise ValueError("expected an address without user, password, `?` and `#`")
        return url.rstrip("/")

    @field_validator("key_from")
    @classmethod
    def _name(cls, name: str | None) -> str | None:
        if name is not None and not (name.isidentifier() and name.isascii()):
            raise ValueError("expected the name of an environment variable, got something else")
        return name


class _Service:
    def __init__(self, settings: OpenAISettings) -> None:
        self._settings = settings
        self._poster = Poster(f"{settings.base_url}/embeddings", settings.connect_timeout)
        self.dimensions = settings.dimensions
        parts = urlsplit(settings.base_url)  # a path may be private
        self.name = f"{settings.model} at {parts.scheme}://{parts.netloc}"
        self.identity = identity(
            provider=settings.provider,
            model=settings.model,
            dimensions=settings.dimensions,
            document_prompt=settings.document_prompt or None,
            longest=settings.longest,
        )

    def requests(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        return packed(texts, self._settings.batch_size, self._settings.characters)

    def embed(self, texts: Sequence[str], role: Role) -> Answer:
        settings = self._settings
        asked = {
            "model": settings.model,
            "input": [self._sent(text, role) for text in texts],
            "dimensions": settings.dimensions,
            "encoding_format": "base64" if settings.encoding == "base64" else None,
        }
        content = {name: value for name, value in asked.items() if value is not None}
        seconds = settings.timeout
        if role == "query":  # a query must not wait longer for one answer than for all tries
            seconds = min(seconds, max(settings.query_patience, 1.0))
        key = key_in(settings.key_from) if settings.key_from else None
        longest = min(_ANSWER, _PER_TEXT * (len(texts) + 1))
        body = self._poster.post(content, key, seconds, longest)
        return parsed(body, [key] if key else [])

    def _sent(self, text: str, role: Role) -> str:
        settings = self._settings
        prompt = settings.query_prompt if role == "query" else settings.document_prompt
        sent = f"{prompt}{text[: settings.longest]}" or " "  # services refuse an empty text
        return sent.encode("utf-8", "replace").decode()


def packed(texts: Sequence[str], most: int, characters: int) -> Iterator[Sequence[str]]:
    """Cut a list of texts into requests, in order.

    Args:
        texts: of any number.
        most: texts per request.
        characters: per request, unless one text alone has more.
    """
    start, size = 0, 0
    for at, text in enumerate(texts):
        if at > start and (at - start == most or size + len(text) > characters):
            yield texts[start:at]
            start, size = at, 0
        size += len(text)
    if start < len(texts):
        yield texts[start:]


def key_in(variable: str) -> str:
    """The key that an environment variable holds.

    Raises:
        InputError: there is none, or it cannot be sent; the message does not quote it.
    """
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InputError(f"{variable}: expected an API key in this variable, got none")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise InputError(f"{variable}: expected an API key, got characters that no key has")
    return key


@embedder(OpenAISettings)
def openai(settings: OpenAISettings) -> Checked:
    """An embedder that asks a service; no request is made yet."""
    return Checked(_Service(settings), settings)
