"""The ranked lists of Q queries, and what measures need to know of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backfill.arrays import Bools, Int64s
from backfill.errors import InputError
from backfill.judgements import Judgements


@dataclass(frozen=True, eq=False)
class Lists:
    """Ranked lists with what they are judged by.

    What several measures need is computed once.

    Attributes:
        ranked: (Q, n) gallery rows from the first rank on, each once in a list. A negative number
            is no item: it fills a list that ended, or stands for an item that nobody knows.
        judgements: of the Q queries; none for measures that need none.
        reference: (Q, m) the lists to compare with, such as those of the old system.
    """

    ranked: Int64s
    judgements: Judgements | None = None
    reference: Int64s | None = None

    def __post_init__(self) -> None:
        queries = len(self.ranked)
        if self.judgements is not None and self.judgements.num_queries != queries:
            raise InputError(
                f"judgements: expected {queries} queries as in ranked, "
                f"got {self.judgements.num_queries}"
            )
        if self.reference is not None and len(self.reference) != queries:
            raise InputError(
                f"reference: expected {queries} queries as in ranked, got {len(self.reference)}"
            )

    @property
    def judged(self) -> Judgements:
        """The judgements.

        Raises:
            InputError: there are none.
        """
        if self.judgements is None:
            raise InputError("judgements: expected some, which this measure needs, got None")
        return self.judgements

    @property
    def compared(self) -> Int64s:
        """(Q, m) the lists to compare with.

        Raises:
            InputError: there are none.
        """
        if self.reference is None:
            raise InputError("reference: expected lists to compare with, got None")
        return self.reference

    @cached_property
    def gains(self) -> Int64s:
        """(Q, n) the grade of each item, 0 if it is irrelevant or not judged."""
        return np.maximum(self.judged.grades_of(self.ranked), 0)

    @cached_property
    def reference_hits(self) -> Bools:
        """(Q, m) whether an item of the reference is relevant."""
        return self.judged.grades_of(self.compared) > 0

    @property
    def relevant(self) -> Int64s:
        """(Q,) the number of relevant items in the gallery."""
        return self.judged.relevant_counts
