"""Measures by name: a new one is a function in a file of this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from backfill.arrays import Float64s
from backfill.registry import Registry

if TYPE_CHECKING:
    from backfill.measures.lists import Lists

# From ranked lists and the last rank that counts, None for all: a value of each query, (Q,), NaN
# for a query that does not count in the mean.
OfLists: TypeAlias = "Callable[[Lists, int | None], Float64s]"

MEASURES: Registry[OfLists] = Registry("backfill.measures")
measure = MEASURES.register
