"""Curves of methods, from candidates whose new cosines are completed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backfill.arrays import Float32s, Float64s, Int64s
from backfill.forecast.candidates import Candidates
from backfill.forecast.completion import Completion
from backfill.forecast.donors import donors
from backfill.forecast.known import Known, Moments
from backfill.forecast.methods import METHODS, Systems
from backfill.forecast.outside import OutsideModel
from backfill.forecast.simulation import merged
from backfill.judgements import Judgements
from backfill.retrieval.merge.background_nearest import nearest_twentieth

DEPTH = 100  # of the ranked lists that measures see
_RELEVANT = 2.0  # standard score of a relevant item in the channel of judgements
BACKGROUND = 1000  # known random items that scores are compared with, at most


@dataclass(frozen=True, eq=False)
class Completed:
    """One way in which everything could be: each query's items with all of their scores.

    Attributes:
        items: (Q, M) gallery rows; -1 for items from outside, of which nothing else is known.
        cosines: (C, Q, M) by each channel; -inf where there is no item.
        new: (Q, M) in the new space; -inf where there is no item.
        switches: (Q, M) share of the gallery that is backfilled before the item is.
    """

    items: Int64s
    cosines: Float32s
    new: Float32s
    switches: Float32s


class _Draw(NamedTuple):
    """New cosines of candidates, and items from outside with all of theirs."""

    new: Float32s  # (Q, M)
    before: Float32s  # (C, Q, G)
    after: Float32s  # (Q, G)
    chance: Float32s  # (Q, G) share of the gallery that is backfilled before the item is


class Completer:
    """Completes the new cosines of candidates from known items, as often as asked.

    Args:
        candidates: of Q queries.
        known: items whose new vectors are there.
        seed: of all draws.
        judgements: of the queries, if there are any.
    """

    def __init__(
        self,
        candidates: Candidates,
        known: Known,
        seed: int,
        judgements: Judgements | None = None,
    ) -> None:
        candidates = _as_if_unknown(candidates, known)
        self._candidates, self._known, self._seed = candidates, known, seed
        random = known.random
        self._by_channel = [Moments(scores[:, random]) for scores in known.scores]
        self._by_new = Moments(known.new[:, random])
        there = candidates.items >= 0
        self._draws: list[_Draw] = []
        self._standard = np.where(there, self._standardised(candidates.scores), -np.inf)
        self._of_known = self._standardised(known.scores)
        self._new_of_known = self._by_new.standard(known.new)
        self._given = known.new_of(candidates.items)
        self._channels = len(candidates.scores)
        if judgements is not None:
            # A relevant item tends to be nearer in the new space than its cosines say.
            relevant = np.where(there, _relevant(judgements, candidates.items), -np.inf)
            self._standard = np.concatenate([self._standard, relevant[None]])
            of_known = _relevant(judgements, np.broadcast_to(known.rows, known.new.shape))
            self._of_known = np.concatenate([self._of_known, of_known[None]])

    def _standardised(self, scores: Float32s) -> Float32s:
        pairs = zip(self._by_channel, scores, strict=True)
        return np.stack([moments.standard(each) for moments, each in pairs])

    def completions(self, count: int, position: Int64s) -> Iterator[Completed]:
        """Complete several times; each order of backfilling has the same completions.

        Args:
            count: how often.
            position: (N,) each item's place in the order of backfilling.
        """
        if len(self._draws) < count:
            self._draws = [*self._drawn(count)]
        items = self._candidates.items
        # In the middle of its step, so that no fraction is rounded to the wrong side.
        place = (position[np.maximum(items, 0)] + 0.5) / len(position)
        switches = np.where(items >= 0, place, 2).astype(np.float32)
        for draw in self._draws[:count]:
            nobody = np.full(draw.after.shape, -1)
            yield Completed(
                np.concatenate([items, nobody], axis=1),
                np.concatenate([self._candidates.scores, draw.before], axis=2),
                np.concatenate([draw.new, draw.after], axis=1),
                np.concatenate([switches, draw.chance], axis=1),
            )

    def _drawn(self, count: int) -> Iterator[_Draw]:
        known, candidates = self._known, self._candidates
        pairs = donors(self._of_known, self._new_of_known, self._seed)
        random = np.flatnonzero(known.random)
        is_candidate = np.stack([np.isin(known.rows[random], row) for row in candidates.items])
        for number in range(count):
            rng = np.random.default_rng([self._seed, 5, number])
            completion = Completion(pairs.redrawn(rng), self._standard)
            outside = OutsideModel(
                self._of_known[: self._channels, :, random],
                self._new_of_known[:, random],
                is_candidate,
                candidates.outside,
                completion.top,
            )
            drawn = self._by_new.cosines(completion.draw(rng))
            new = np.where(np.isnan(self._given), drawn, self._given)
            new = np.where(candidates.items >= 0, new, -np.inf).astype(np.float32)
            yield self._with_outside(new, outside, rng)

    def _with_outside(self, new: Float32s, model: OutsideModel, rng: np.random.Generator) -> _Draw:
        depth = min(DEPTH, new.shape[1])
        last = np.partition(new, new.shape[1] - depth, axis=1)[:, new.shape[1] - depth]
        drawn = model.draw(self._by_new.standard(last[:, None])[:, 0], rng)
        before = [m.cosines(z) for m, z in zip(self._by_channel, drawn.before, strict=True)]
        after = self._by_new.cosines(drawn.after)
        return _Draw(new, np.stack(before), after, rng.random(after.shape, np.float32))


def _as_if_unknown(candidates: Candidates, known: Known) -> Candidates:
    """Score known items by maps that have not seen them, as all other candidates are."""
    found, position = known.at(candidates.items)
    by_others = np.take_along_axis(known.scores, position[None], axis=2)
    return candidates._replace(
        scores=np.where(found & (candidates.items >= 0), by_others, candidates.scores)
    )


def _relevant(judgements: Judgements, items: Int64s) -> Float32s:
    """(Q, M) the channel of relevance, in standard scores; 0 for items that are not relevant."""
    return np.asarray(_RELEVANT * (judgements.grades_of(items) > 0), np.float32)


class Merge:
    """Ranks candidates by one method.

    Args:
        name: of the method.
        systems: that there are.
        known: items that scores are compared with.
    """

    def __init__(self, name: str, systems: Systems, known: Known) -> None:
        self._method, self._systems = METHODS[name], systems
        self._scale: tuple[tuple[Float64s, Float64s], tuple[Float64s, Float64s]] | None = None
        if self._method.calibrated:
            chosen = np.flatnonzero(known.random)[:BACKGROUND]
            waiting = self._method.waiting(systems, known.scores[:, :, chosen])
            assert waiting is not None
            self._scale = (
                nearest_twentieth(waiting.astype(np.float64)),
                nearest_twentieth(known.new[:, chosen].astype(np.float64)),
            )

    def ranked(
        self, completed: Completed, fractions: Sequence[float], depth: int = DEPTH
    ) -> Iterator[Int64s]:
        """Yield each query's first columns, (Q, depth), at each backfill fraction."""
        waiting = self._method.waiting(self._systems, completed.cosines)
        assert waiting is not None
        before, after = waiting, completed.new
        if self._scale is not None:
            before, after = (
                np.asarray((scores - origin[:, None]) / unit[:, None], np.float32)
                for scores, (origin, unit) in zip((waiting, after), self._scale, strict=True)
            )
        before = np.where(np.isnan(before), -np.inf, before)
        for fraction in fractions:
            yield merged(before, after, completed.switches, fraction, depth).astype(np.int64)


def of_new(completed: Completed, depth: int = DEPTH) -> Int64s:
    """(Q, depth) each query's first columns in the new space."""
    new = completed.new
    return merged(new, new, np.zeros_like(new), 1.0, depth).astype(np.int64)


def of_old(completed: Completed, depth: int = DEPTH) -> Int64s:
    """(Q, depth) each query's first columns in the old space."""
    old = completed.cosines[0]
    return merged(old, old, np.zeros_like(old), 1.0, depth).astype(np.int64)
