"""Items that are no candidates of a query and may yet be among its nearest in the new space.

Neither channel sees them coming; the random part of the known items tells how many there are. If a
share of the known pairs outside exceeds a query's threshold, so does that share of all of them. A
query has few known items so near, so queries share them: those whose own candidates look alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from backfill.arrays import Bools, Float32s, Float64s, Int64s

ALIKE = 20  # queries that share what they know of the outside
MOST = 100  # items from outside that a query is given: the nearest ones
_DRAWN = 10_000  # from which these are taken


class Outside(NamedTuple):
    """Items from outside that might be among the first of Q queries.

    Attributes:
        before: (C, Q, G) standard scores by each channel; -inf where there is none.
        after: (Q, G) new standard scores.
    """

    before: Float32s
    after: Float32s


class OutsideModel:
    """What is known of the pairs outside.

    Args:
        channels: (C, Q, n) standard scores of the items that were drawn at random.
        new: (Q, n) their new standard scores.
        is_candidate: (Q, n) whether an item is a candidate of the query.
        outside: (Q,) number of gallery items that are no candidates.
        likeness: (Q,) by which queries are alike.
    """

    def __init__(
        self,
        channels: Float32s,
        new: Float32s,
        is_candidate: Bools,
        outside: Int64s,
        likeness: Float32s,
    ) -> None:
        self._channels = channels
        self._new = np.where(is_candidate, -np.inf, new)
        known = (~is_candidate).sum(axis=1)
        # How many items outside one known item stands for.
        self._stands_for: Float64s = np.where(outside > 0, outside / np.maximum(known, 1), 0.0)
        self._ranked = np.argsort(likeness, kind="stable")

    def draw(self, threshold: Float32s, rng: np.random.Generator) -> Outside:
        """Draw items from outside whose new standard scores exceed each query's threshold.

        Args:
            threshold: (Q,) the new standard score of its last candidate that matters.
            rng: draws.
        """
        queries = len(threshold)
        before = np.full((len(self._channels), queries, MOST), -np.inf, np.float32)
        after = np.full((queries, MOST), -np.inf, np.float32)
        if not self._stands_for.any():
            return Outside(before, after)
        for place, query in enumerate(self._ranked):
            low = min(max(0, place - ALIKE // 2), max(0, queries - ALIKE))
            alike = self._ranked[low : low + ALIKE]
            other, item = np.nonzero(self._new[alike] > threshold[query])
            expected = self._stands_for[query] * len(item) / len(alike)
            count = min(int(rng.poisson(expected)), _DRAWN)
            if count:
                scores = self._new[alike][other, item]
                drawn = rng.integers(len(item), size=count)
                drawn = drawn[np.argsort(-scores[drawn], kind="stable")][:MOST]
                after[query, : len(drawn)] = scores[drawn]
                before[:, query, : len(drawn)] = self._channels[:, alike[other[drawn]], item[drawn]]
        return Outside(before, after)
