"""Arguments that a hostile or careless caller may give in place of right ones."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

ANYTHING: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3, 10**7, 2**31, 2**63, 10**30, 0.5, 1.0, 5.5, -0.5, 1e300, float("nan"), float("inf"),
    "", "a", "all", "../../victim", "1", b"bytes", 1j, (), [], {}, {"a": 1}, {1, 2}, [1, 2], [1, [2, 3]], [[1], [2, 3]],
    [None], ["a", 1], [0.5], [True], [2**70], range(5), object(), np.nan, np.float32(2), np.int64(3), np.uint64(2**64 - 1),
    np.array([]), np.array(5), np.zeros(3), np.zeros((3, 3)), np.zeros((0, 4)), np.zeros((4, 0)), np.array(["a", "b"]),
    np.array([None, 1], dtype=object), np.array([1 + 1j]), np.zeros(3, dtype="M8[s]"), np.ones((2, 2, 2)),
    Path("x"), "\ud800", "a\nb",
]  # fmt: skip

LENGTHS = (0, 1, 2, 1000)


def change(random: Random, given: dict[str, Any]) -> str:
    """Change one or two arguments in place; returns which, and how."""
    titles = []
    for _ in range(random.choice((1, 1, 1, 2))):
        key = random.choice(list(given))
        given[key], title = _changed(random, given[key])
        titles.append(f"{key}: {title}")
    return ", ".join(titles)


def _changed(random: Random, value: Any) -> tuple[Any, str]:
    if random.random() < 0.4:
        new = random.choice(ANYTHING)
        return new, f"{type(new).__name__} {new!r:.40}"
    if isinstance(value, np.ndarray):
        made = random.choice(_ARRAYS)
        try:
            return made(random, value), made.__name__
        except (TypeError, ValueError):  # of text, for instance
            return value[..., None], "one more dimension"
    if isinstance(value, tuple | list) and value:
        at = random.randrange(len(value))
        items: list[Any] = list(value)
        if random.random() < 0.2:
            items = items[:at] + items[at + 1 :] if random.random() < 0.5 else [*items, items[at]]
            return type(value)(items), "length"
        items[at], title = _changed(random, items[at])
        return (tuple(items) if isinstance(value, tuple) else items), f"[{at}] {title}"
    if isinstance(value, dict) and value:
        key = random.choice(list(value))
        changed = dict(value)
        if random.random() < 0.2:
            new = random.choice([None, 1, 2.5, "", "a\tb", "x y", ("t",)])
            changed[new] = changed.pop(key)
            return changed, f"key {new!r}"
        changed[key], title = _changed(random, value[key])
        return changed, f"[{key!r}] {title}"
    if isinstance(value, bool):
        return random.choice([not value, np.bool_(value), int(value), None]), "bool"
    if isinstance(value, int):
        new = random.choice(
            [
                0,
                -1,
                1,
                10**7,
                2**31,
                2**63,
                10**30,
                float(value),
                value + 0.5,
                str(value),
                np.int8(1),
            ]
        )
        return new, f"int {new!r}"
    if isinstance(value, float):
        new = random.choice(
            [0.0, 1.0, -1.0, 1e-320, 1e300, float("nan"), float("inf"), str(value), 2]
        )
        return new, f"float {new!r}"
    new = random.choice(ANYTHING)
    return new, f"{type(new).__name__} {new!r:.40}"


def _dtype(random: Random, array: Any) -> Any:
    kinds = ["f2", "f4", "f8", "g", "i1", "i8", "u8", "?", "O", "U", "S", "c16", "M8[s]", ">f4"]
    with np.errstate(all="ignore"):
        return array.astype(random.choice(kinds))


def _scaled(random: Random, array: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.asarray(array, np.float64) * random.choice(
            [1e300, 1e-300, 1e38, 1e-40, 0.0, -1.0, 1e160]
        )


def _poisoned(random: Random, array: Any) -> Any:
    changed = np.array(array, np.float64)
    if changed.size:
        value = random.choice([np.nan, np.inf, -np.inf, 1e308, 0.0, -1.0, 1e18])
        changed.reshape(-1)[random.randrange(changed.size)] = value
    return changed


def _zero_row(random: Random, array: Any) -> Any:
    changed = np.array(array)
    if len(changed.shape) and len(changed):
        changed[random.randrange(len(changed))] = 0
    return changed


def _rows(random: Random, array: Any) -> Any:
    count = random.choice(
        [0, 1, 2, max(0, array.shape[0] - 1), array.shape[0] + 1] if array.ndim else [1]
    )
    return np.resize(array, (count, *array.shape[1:]))


def _columns(random: Random, array: Any) -> Any:
    return np.resize(array, (*array.shape[:-1], random.choice([0, 1, 2, 7])))


def _dimensions(random: Random, array: Any) -> Any:
    return random.choice([array[None], array.reshape(-1), array[..., None], array.T, np.array(7)])


def _fortran(random: Random, array: Any) -> Any:
    changed = np.asfortranarray(array)[::-1]
    changed.flags.writeable = False
    return changed


def _copies(random: Random, array: Any) -> Any:
    """All rows, or values, alike."""
    return np.repeat(array[:1], len(array), axis=0) if array.ndim and len(array) else array


def _extreme(random: Random, array: Any) -> Any:
    value: Any = random.choice(
        [2**63 - 1, -(2**63), -1, 2**64 - 1, len(array) if array.ndim else 1, 10**9]
    )
    changed = np.array(array).astype("u8" if value > 2**63 else "i8", casting="unsafe")
    if changed.size:
        changed.reshape(-1)[random.randrange(changed.size)] = value
    return changed


def _masked(random: Random, array: Any) -> Any:
    return np.ma.masked_array(array, mask=random.random() < 0.5)


def _list(random: Random, array: Any) -> Any:
    ragged = array.tolist()
    if isinstance(ragged, list) and ragged and isinstance(ragged[0], list):
        ragged[0] = ragged[0][:-1]
    return ragged


_ARRAYS: tuple[Callable[[Random, Any], Any], ...] = (
    _dtype, _dtype, _scaled, _poisoned, _poisoned, _zero_row, _rows, _rows, _columns, _dimensions,
    _fortran, _copies, _extreme, _extreme, _masked, _list,
)  # fmt: skip
