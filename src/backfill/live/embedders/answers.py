"""What an embeddings API in the OpenAI form answers, whatever bytes it sends."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np

from backfill.arrays import Floats
from backfill.live.embedders.checked import Answer
from backfill.live.embedders.failed import Failed, quoted


def parsed(body: bytes, secrets: Sequence[str] = ()) -> Answer:
    """Read the vectors of a successful answer, in the order of the texts.

    Args:
        body: `{"data": [{"index": 0, "embedding": [0.1, ...]}, ...], "usage": {...}}`; an embedding
            is a list of numbers, or float32, little-endian, in base64. Without any `index`, the
            order is that of the texts.
        secrets: what no message may quote.

    Raises:
        Failed: it is something else.
    """
    answer = _json(body)
    if not isinstance(answer, dict):
        raise Failed(f"JSON that is no object, {_size(body)}")
    entries = answer.get("data")
    if not isinstance(entries, list):
        said = error_in(body, secrets)
        raise Failed(f"an answer without `data`{said or f', {_size(body)}'}")
    if not all(isinstance(each, dict) and "embedding" in each for each in entries):
        raise Failed("an answer whose `data` has entries without `embedding`")
    rows = [_row(each["embedding"]) for each in _in_order(entries)]
    widths = sorted({len(row) for row in rows})
    if len(widths) > 1:
        raise Failed(f"{len(rows)} vectors of widths from {widths[0]} to {widths[-1]}")
    return Answer(np.array(rows), _tokens(answer))


def error_in(body: bytes, secrets: Sequence[str] = ()) -> str:
    """The message in a refusal, as `: ...`; nothing if there is none."""
    try:
        answer = _json(body)
    except Failed:
        return ""
    for key in ("error", "message", "detail"):
        if isinstance(answer, dict) and key in answer:
            answer = answer[key]
    return f": {quoted(answer, secrets)}" if isinstance(answer, str) and answer else ""


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Failed(f"an answer that is not JSON, {_size(body)}") from error


def _size(body: bytes) -> str:
    return f"{len(body)} bytes"


def _in_order(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    numbers = [each.get("index") for each in entries]
    if all(number is None for number in numbers):
        return entries
    places = {
        number: each for number, each in zip(numbers, entries, strict=True) if _is_int(number)
    }
    if places.keys() != set(range(len(entries))):
        raise Failed(f"{len(entries)} vectors whose `index` does not count from 0 without gaps")
    return [places[number] for number in range(len(entries))]


def _row(embedding: object) -> Floats:
    if isinstance(embedding, str):
        try:
            return np.frombuffer(base64.b64decode(embedding, validate=True), "<f4")
        except (binascii.Error, ValueError) as error:
            raise Failed("an embedding that is not float32 in base64") from error
    if not isinstance(embedding, list) or not set(map(type, embedding)) <= {int, float}:
        raise Failed("an embedding that is not a list of numbers")
    try:
        return np.array(embedding, np.float64)
    except OverflowError as error:
        raise Failed("an embedding with a number that is too large") from error


def _tokens(answer: dict[str, Any]) -> int | None:
    usage = answer.get("usage")
    for key in ("prompt_tokens", "total_tokens"):
        count = usage.get(key) if isinstance(usage, dict) else None
        if _is_int(count) and count >= 0:
            return count
    return None


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
