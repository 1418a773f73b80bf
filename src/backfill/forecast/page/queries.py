"""Queries whose results change most, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backfill.forecast.outcome import Shown


class Result(NamedTuple):
    """One result.

    Attributes:
        text: of the item, or its id.
        other: its rank among the other system's results; 0 if it is not among them.
        known: whether its place is known; by the old system all are.
    """

    text: str
    other: int
    known: bool


class Change(NamedTuple):
    """A query's results by both systems."""

    query: str
    before: list[Result]
    after: list[Result]

    @property
    def common(self) -> int:
        """How many results are the same."""
        return sum(result.other > 0 for result in self.before)


def changes(shown: Sequence[Shown]) -> list[Change]:
    """Put both systems' results beside each other."""
    return [
        Change(
            each.query,
            [Result(text, _rank(text, each.after), True) for text in each.before],
            [
                Result(text, _rank(text, each.before), known)
                for text, known in zip(each.after, each.known, strict=True)
            ],
        )
        for each in shown
    ]


def _rank(text: str, others: Sequence[str]) -> int:
    return others.index(text) + 1 if text in others else 0
