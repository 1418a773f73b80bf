"""What a forecast starts from: queries, known items and the rest of the gallery."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from backfill.align.maps import unit
from backfill.arrays import Array, Bools, Float32s, Float64s, Int64s
from backfill.errors import InputError
from backfill.forecast.settings import Settings
from backfill.judgements import Judgements
from backfill.vectors import Upgrade

# Held-out items that stand in for queries: so many, or this share of the sample if that is less.
_STAND_INS, _SHARE = 300, 0.25
_PAIRS_AT_LEAST = 20  # known items, without which nothing can be fitted


@dataclass(frozen=True, eq=False)
class Problem:
    """Vectors of Q queries and of a gallery, part of which is known in the new space.

    Attributes:
        queries: (Q,) rows of the queries among the user's; of stand-ins, gallery rows.
        queries_old: (Q, d1) of unit length.
        queries_new: (Q, d2) of unit length.
        old: (N, d1) old vectors of the gallery.
        rows: (n,) gallery rows of the known items, ascending.
        random: (n,) whether an item was drawn at random.
        known_old: (n, d1) of unit length.
        known_new: (n, d2) of unit length.
        foreign: pairs from elsewhere to fit maps on, or None.
        judgements: of the Q queries, or None.
        weights: (Q,) how often each is asked, or None.
        stand_ins: gallery rows that stand in for queries and are not in the gallery; empty if there
            are queries.
    """

    queries: Int64s
    queries_old: Float32s
    queries_new: Float32s
    old: Array
    rows: Int64s
    random: Bools
    known_old: Float32s
    known_new: Float32s
    foreign: tuple[Float32s, Float32s] | None
    judgements: Judgements | None
    weights: Float64s | None
    stand_ins: Int64s

    @property
    def size(self) -> int:
        """The number of items in the gallery, N."""
        return len(self.old)


def problem_of(upgrade: Upgrade, asked: Int64s, settings: Settings) -> Problem:
    """Choose queries and known items.

    Args:
        upgrade: a user's folder.
        asked: gallery rows that were embedded because they were asked for, not drawn at random.
        settings: how many queries, and the seed.

    Raises:
        InputError: too few items are known.
    """
    rng = np.random.default_rng([settings.seed, 0])
    rows, new = upgrade.sample, np.asarray(upgrade.new[:])
    random = ~np.isin(rows, asked)
    if random.sum() < _PAIRS_AT_LEAST:
        raise InputError(
            f"sample: expected at least {_PAIRS_AT_LEAST} items drawn at random, "
            f"got {int(random.sum())}"
        )
    known_old, known_new = unit(upgrade.old[rows]), unit(new)
    judgements, weights = upgrade.judgements, upgrade.weights
    if upgrade.queries_old is not None and upgrade.queries_new is not None:
        chosen = _some(len(upgrade.queries_old), settings.queries, judgements, rng)
        queries = unit(upgrade.queries_old[chosen]), unit(upgrade.queries_new[chosen])
        stand_ins = np.empty(0, np.int64)
        judgements = None if judgements is None else judgements.of(chosen)
        weights = None if weights is None else weights[chosen]
    else:
        drawn = rng.permutation(np.flatnonzero(random))
        drawn = np.sort(
            drawn[: min(_STAND_INS, max(1, int(_SHARE * len(drawn))), settings.queries)]
        )
        queries, chosen = (known_old[drawn], known_new[drawn]), rows[drawn]
        stand_ins, weights = chosen, None
        left = np.setdiff1d(np.arange(len(rows)), drawn)
        rows, random, known_old, known_new = (
            part[left] for part in (rows, random, known_old, known_new)
        )
        judgements = None
        if upgrade.labels is not None:
            judgements = Judgements.from_labels(upgrade.labels[chosen], upgrade.labels)
            gone = np.isin(judgements.items, stand_ins)
            judgements = replace(judgements, grades=np.where(gone, 0, judgements.grades))
    foreign = None
    if upgrade.pairs_old is not None and upgrade.pairs_new is not None:
        foreign = unit(upgrade.pairs_old[:]), unit(upgrade.pairs_new[:])
    return Problem(
        chosen, *queries, upgrade.old, rows, random, known_old, known_new, foreign, judgements,
        weights, stand_ins,
    )  # fmt: skip


def _some(count: int, most: int, judgements: Judgements | None, rng: np.random.Generator) -> Int64s:
    """All, or so many at random, ascending; those that somebody has judged before all others."""
    drawn = rng.permutation(count)
    if judgements is not None:
        drawn = drawn[np.argsort(judgements.relevant_counts[drawn] == 0, kind="stable")]
    return np.sort(drawn[:most])
