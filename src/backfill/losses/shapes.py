"""What tensors a loss takes, said once beside its name and checked at every call."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor

from backfill import validate
from backfill.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")

_LARGEST = 1e15  # whose square float32 holds
# Embeddings are multiplied with others: they have one type.
_TYPED = "DEF"
_KINDS: dict[str, Callable[[Tensor], bool]] = {
    "floats": Tensor.is_floating_point,
    "integers": lambda x: not (x.is_floating_point() or x.is_complex() or x.dtype == torch.bool),
    "bools": lambda x: x.dtype == torch.bool,
}
_NUMBERS: dict[str, Callable[[str, Any], object]] = {
    "positive": lambda name, value: validate.number(name, value, 0, _LARGEST, inside=True),
    "not negative": lambda name, value: validate.number(name, value, 0, _LARGEST),
    "number": lambda name, value: validate.number(name, value, -_LARGEST, _LARGEST),
    "share": validate.share,
    "switch": validate.switch,
    "count or none": lambda name, value: value is None or validate.count(name, value),
}


def takes(**wanted: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that checks what a loss is called with.

    Args:
        wanted: of each argument, a kind of number of this module, or `floats B D`, `integers B`,
            `bools B N`: a tensor of that type, with the same length wherever a letter is the same,
            at least 1. `pair B D` is a query and a gallery of floats.

    Returns:
        The decorator. The function raises InputError for other arguments.
    """

    def checked(function: Callable[P, R]) -> Callable[P, R]:
        names = list(signature(function).parameters)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            seen = _Seen({}, {})
            given: dict[str, Any] = dict(zip(names, args, strict=False)) | kwargs
            for name, of in wanted.items():
                if name in given:
                    _require(name, given[name], of, seen)
            return function(*args, **kwargs)

        return call

    return checked


class _Seen(NamedTuple):
    """What letters stand for in one call, and which argument said so."""

    lengths: dict[str, tuple[int, str]]
    types: dict[str, tuple[torch.dtype, str]]


def _require(name: str, value: Any, wanted: str, seen: _Seen) -> None:
    if wanted in _NUMBERS:
        _NUMBERS[wanted](name, value)
        return
    kind, *letters = wanted.split()
    if kind == "pair":
        validate.pair(name, value)
        for side, one in zip(("query", "gallery"), value, strict=True):
            _require(f"{name} ({side})", one, " ".join(["floats", *letters]), seen)
        return
    if not isinstance(value, Tensor):
        raise InputError(f"{name}: expected a tensor, got {validate.shown(value)}")
    shape = tuple(value.shape)
    if not _KINDS[kind](value) or len(shape) != len(letters) or 0 in shape:
        form = ", ".join(letters)
        raise InputError(
            f"{name}: expected {kind} of shape ({form}), got {value.dtype} of shape {shape}"
        )
    if kind == "floats" and letters[-1] in _TYPED:
        dtype, first = seen.types.setdefault(letters[-1], (value.dtype, name))
        if value.dtype != dtype:
            raise InputError(f"{name}: expected {dtype} as in {first}, got {value.dtype}")
    for letter, length in zip(letters, shape, strict=True):
        known, first = seen.lengths.setdefault(letter, (length, name))
        if length != known:
            raise InputError(
                f"{name}: expected {letter} = {known} as in {first}, got {length} of shape {shape}"
            )
