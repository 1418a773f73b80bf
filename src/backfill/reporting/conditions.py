"""The three conditions for an online backfill, judged run by run.

The mean of several curves may rise where each of them falls, and a user has but one of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from backfill.reporting.measures import Measure, per_run
from backfill.results import MethodResult
from backfill.retrieval import Conditions


class Met(NamedTuple):
    """In how many runs a curve meets each condition.

    Attributes:
        starts_at_old: runs that start no lower than the old system of their draw (eq. 6).
        ends_at_new: runs that end no lower than the new system of their draw (eq. 7).
        never_falls: runs in which no step of the backfill makes it worse (eq. 8).
        runs: number of runs.

    Source:
        Rank merge (Seo et al., WACV 2025), eq. 6 to 8.
    """

    starts_at_old: int
    ends_at_new: int
    never_falls: int
    runs: int

    @property
    def everywhere(self) -> bool:
        """Whether all runs meet all three."""
        return min(self[:3]) == self.runs


def met(result: MethodResult, old: MethodResult, new: MethodResult, measure: Measure) -> Met:
    """Judge every run of a method.

    Args:
        result: the method.
        old: the old system, on the same draws of the encoders.
        new: the new system, on the same draws.
        measure: mAP or CMC.

    Returns:
        In how many runs each condition holds.
    """
    references = [
        per_run(
            replace(result, curves=tuple(mine for mine, _ in reference.beside(result))),
            measure,
            old,
        )
        for reference in (old, new)
    ]
    judged = [
        Conditions.of(curve, old=was[0], new=goal[-1])
        for curve, was, goal in zip(per_run(result, measure, old), *references, strict=True)
    ]
    return Met(
        starts_at_old=sum(one.starts_at_old for one in judged),
        ends_at_new=sum(one.ends_at_new for one in judged),
        never_falls=sum(one.never_falls for one in judged),
        runs=len(judged),
    )
