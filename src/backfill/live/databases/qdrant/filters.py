"""Conditions: quoted keys of payloads, and what of the rule Qdrant can tell by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qdrant_client import models

from backfill.errors import InputError
from backfill.live.terms import Filter, Id


def quoted(key: str) -> str:
    """A key of the payload as a path. Settings allow none that holds the quote.

    Raises:
        InputError: it holds the quote.
    """
    if '"' in key:
        raise InputError(f'where: expected a key of the payload without ", got {key!r}')
    return f'"{key}"'


def all_of(*filters: models.Filter | None) -> models.Filter:
    """The filter that all of these hold."""
    return models.Filter(must=[each for each in filters if each is not None])


def has(vector: str) -> models.Filter:
    """There is a vector of this name."""
    return models.Filter(must=[models.HasVectorCondition(has_vector=vector)])


def lacks(vector: str) -> models.Filter:
    """There is no vector of this name."""
    return models.Filter(must_not=[models.HasVectorCondition(has_vector=vector)])


def some(key: str) -> models.Filter:
    """The payload has a value of this key."""
    empty = models.IsEmptyCondition(is_empty=models.PayloadField(key=quoted(key)))
    return models.Filter(must_not=[empty])


def item(content: Sequence[str], old: str | None) -> models.Filter:
    """There is content or an old vector."""
    conditions: list[Any] = [some(key) for key in content]
    if old is not None:
        conditions.append(models.HasVectorCondition(has_vector=old))
    return models.Filter(should=conditions)


def filtered(where: Filter | None) -> models.Filter | None:
    """The user's conditions; None without any."""
    if not where:
        return None
    return models.Filter(must=[_holds(key, value) for key, value in where.items()])


def as_claimed(ids: Iterable[Id], contents: Iterable[Sequence[object]], keys: Sequence[str]) -> Any:
    """Each point still has the content that was claimed: true of each by its own condition."""
    each = [
        models.Filter(
            must=[
                models.HasIdCondition(has_id=[id_]),
                *(_holds(key, value) for key, value in zip(keys, content, strict=True)),
            ]
        )
        for id_, content in zip(ids, contents, strict=True)
    ]
    return models.Filter(should=each)


def _holds(key: str, value: object) -> Any:
    path = quoted(key)
    if value is None:
        return models.IsEmptyCondition(is_empty=models.PayloadField(key=path))
    if isinstance(value, (bool, int, str)):
        return models.FieldCondition(key=path, match=models.MatchValue(value=value))
    if isinstance(value, float):
        return models.FieldCondition(key=path, range=models.Range(gte=value, lte=value))
    if isinstance(value, (list, tuple, set, frozenset)):
        return models.Filter(should=[_holds(key, each) for each in value] or [_NOTHING])
    raise InputError(f"where: expected strings, numbers or a list of them, got {value!r}")


_NOTHING = models.HasIdCondition(has_id=[])
