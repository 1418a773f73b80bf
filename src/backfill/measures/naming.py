"""Measures as people write them: `nDCG@10`, `AP`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Float64s, Int64s
from backfill.errors import InputError
from backfill.judgements import Judgements
from backfill.measures.lists import Lists
from backfill.measures.registry import MEASURES

# As other tools call them.
_OTHERWISE = {
    "map": "AP",
    "mrr": "RR",
    "p": "precision",
    "r": "recall",
    "success": "hit",
    "hit_rate": "hit",
    "cmc": "hit",
}


@dataclass(frozen=True)
class Measure:
    """A measure up to a rank.

    Attributes:
        kind: its name in `MEASURES`.
        k: the last rank that counts; None for whole lists.

    Raises:
        InputError: there is no such measure, or k is no positive integer.
    """

    kind: str
    k: int | None = None

    def __post_init__(self) -> None:
        validate.one_of("measure", self.kind, MEASURES)
        if self.k is not None:
            validate.count("k", self.k)

    @property
    def name(self) -> str:
        """As :func:`parse` reads it."""
        return self.kind if self.k is None else f"{self.kind}@{self.k}"

    def __call__(self, lists: Lists) -> Float64s:
        """Measure each query's list.

        Returns:
            (Q,), NaN for a query that does not count in the mean: it has no relevant item, or, in
            comparisons, the reference has nothing that could be lost.

        Raises:
            InputError: the measure needs judgements or a reference and there is none.
        """
        validate.instance("lists", lists, Lists)
        try:
            return MEASURES[self.kind](lists, self.k)
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from None


def parse(name: str) -> Measure:
    """Read a measure's name: one of `MEASURES` in any case, and `@k` if only k ranks count.

    Args:
        name: such as `nDCG@10`; map, mrr, P, R, success, hit_rate and CMC are understood too.

    Returns:
        The measure.

    Raises:
        InputError: there is no such measure, or k is no positive integer.
    """
    kind, at, cutoff = validate.text("measure", name).strip().partition("@")
    known = {of.lower(): of for of in MEASURES} | _OTHERWISE
    if kind.lower() not in known:
        raise InputError(
            f"measure: expected one of {', '.join(MEASURES)}, got {validate.shown(kind)}"
        )
    if not at:
        return Measure(known[kind.lower()])
    if not (cutoff.isascii() and cutoff.isdigit() and len(cutoff) < 10 and int(cutoff) > 0):
        raise InputError(
            f"measure: expected {kind}@k with an integer k >= 1, got {validate.shown(name)}"
        )
    return Measure(known[kind.lower()], int(cutoff))


def parsed(measures: Sequence[str]) -> list[Measure]:
    """Read the names of some measures.

    Raises:
        InputError: this is no list of names, or there is no such measure.
    """
    return [parse(name) for name in validate.sequence("measures", measures)]


def of_queries(
    measures: Sequence[str],
    ranked: ArrayLike,
    judgements: Judgements | None = None,
    reference: ArrayLike | None = None,
) -> dict[str, Float64s]:
    """Measure ranked lists of gallery rows.

    Args:
        measures: their names.
        ranked: (Q, n) gallery rows from the first rank on; -1 where a list has ended.
        judgements: of the Q queries; may be None if all measures do without.
        reference: (Q, m) lists to compare with; for overlap those that are aimed at, for flips
            those of the old system.

    Returns:
        Name -> (Q,) values, as :meth:`Measure.__call__` returns them.

    Raises:
        InputError: a measure is unknown or lacks what it needs, or shapes do not fit; a list names
            an item twice, or one that is not in the gallery.
    """
    named = dict(zip(measures, parsed(measures), strict=True))
    cutoffs = [one.k for one in named.values() if one.k is not None]
    # Nothing is looked up beyond the last rank that counts.
    depth = max(cutoffs) if cutoffs and len(cutoffs) == len(named) else None
    first, compared = (
        None if lists is None and name == "reference" else _once(name, lists)[:, :depth]
        for name, lists in (("ranked", ranked), ("reference", reference))
    )
    assert first is not None
    lists = Lists(first, judgements, compared)
    return {name: one(lists) for name, one in named.items()}


def _once(name: str, lists: ArrayLike | None) -> Int64s:
    """Ranked lists in which no item stands twice."""
    found = validate.ranked(name, np.empty(0) if lists is None else lists)
    rising = np.sort(found, axis=1)
    twice = (rising[:, 1:] == rising[:, :-1]) & (rising[:, 1:] >= 0)
    if twice.any():
        query, at = np.argwhere(twice)[0]
        raise InputError(f"{name}[{query}]: expected each item once, got {rising[query, at]} twice")
    return found
