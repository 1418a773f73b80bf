"""The ranked lists of Q queries, and what measures need to know of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backfill import validate
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

    Raises:
        InputError: these are no such lists or judgements, or they do not fit together.
    """

    ranked: Int64s
    judgements: Judgements | None = None
    reference: Int64s | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranked", validate.ranked("ranked", self.ranked))
        if self.reference is not None:
            reference = validate.ranked("reference", self.reference)
            object.__setattr__(self, "reference", reference)
        queries = len(self.ranked)
        if self.judgements is not None:
            validate.instance("judgements", self.judgements, Judgements)
            self._require_known("ranked", self.ranked, self.judgements.gallery_size)
            if self.reference is not None:
                self._require_known("reference", self.reference, self.judgements.gallery_size)
        if self.judgements is not None and self.judgements.num_queries != queries:
            raise InputError(
                f"judgements: expected {queries} queries as in ranked, "
                f"got {self.judgements.num_queries}"
            )
        if self.reference is not None and len(self.reference) != queries:
            raise InputError(
                f"reference: expected {queries} queries as in ranked, got {len(self.reference)}"
            )

    @staticmethod
    def _require_known(name: str, rows: Int64s, size: int) -> None:
        last = rows.max(initial=-1)
        if last >= size:
            raise InputError(f"{name}: expected rows of a gallery of {size}, got {last}")

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
