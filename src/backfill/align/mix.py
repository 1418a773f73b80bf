"""Both spaces in one index: old and mapped embeddings side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backfill import validate
from backfill.align.fit import fit, pairs
from backfill.align.folds import folds
from backfill.align.maps import Map, floating, unit
from backfill.align.ridge import HELD_OUT
from backfill.arrays import Array, Float32s, Int64s
from backfill.errors import InputError

WEIGHTS = tuple(k / 20 for k in range(21))
JUDGED = 1_000  # held-out pairs among which neighbours are looked for, if there are so many


@dataclass(frozen=True)
class Mix:
    """sqrt(w) * old beside sqrt(1 - w) * mapped: its cosine is w * old's + (1 - w) * mapped's.

    Where the map is poor, as on items unlike those that it was fitted on, the old half still ranks.

    Attributes:
        weight: w of the old space, from 0 to 1.

    Raises:
        InputError: it is another.
    """

    weight: float

    def __post_init__(self) -> None:
        validate.share("weight", self.weight)

    def join(self, old: Array, new: Array) -> Float32s:
        """Put both embeddings of the same items or queries side by side.

        Args:
            old: (..., D) by the old model.
            new: (..., D') in the new space: of gallery items mapped, of queries the new model's.

        Returns:
            (..., D + D') of unit length.

        Raises:
            InputError: they are no floating numbers, or not of the same items.
        """
        old, new = floating("old", old), floating("new", new)
        if old.shape[:-1] != new.shape[:-1]:
            raise InputError(
                f"new: expected embeddings of the same items as old, {old.shape[:-1]}, "
                f"got {new.shape[:-1]}"
            )
        sides = (self.weight**0.5 * unit(old), (1 - self.weight) ** 0.5 * unit(new))
        return np.concatenate(sides, axis=-1, dtype=np.float32)


def choose_weight(
    old: Array, mapped: Array, new: Array, *, k: int = 10, weights: Sequence[float] = WEIGHTS
) -> float:
    """Choose the weight of a mix without labels, by how well it ranks as the new space does.

    Each item is searched among the others. The overlap is the share of its top k of the new space
    that is also in the top k of the mix.

    Args:
        old: (n, D) of pairs that the map was not fitted on.
        mapped: (n, D') what the map makes of these.
        new: (n, D') the new model's embeddings of the same items.
        k: of the overlap; fewer if there are not so many other items.
        weights: to choose from.

    Returns:
        The weight with the greatest overlap; of equals, the nearest to the middle.

    Raises:
        InputError: fewer than 3 items, or embeddings of others; k or a weight is out of range.
    """
    old, new = pairs(old, new)
    mapped, _ = pairs(mapped, new)
    if mapped.shape != new.shape:
        raise InputError(f"mapped: expected shape {new.shape} as new, got {mapped.shape}")
    if len(new) < 3:
        raise InputError(f"pairs: expected at least 3 that are held out, got {len(new)}")
    k = min(validate.count("k", k), len(new) - 2)
    if not len(validate.sequence("weights", weights)):
        raise InputError("weights: expected some to choose from, got none")
    for weight in weights:
        validate.share("weights", weight)
    of_old, of_new = unit(old) @ unit(old).T, unit(new) @ unit(new).T
    of_mix = unit(new) @ unit(mapped).T  # a new query searches mapped items
    wanted = np.zeros(of_new.shape, np.bool_)
    np.put_along_axis(wanted, _top(of_new, k), values=True, axis=1)

    def overlap(weight: float) -> float:
        found = _top(weight * of_old + (1 - weight) * of_mix, k)
        return float(np.take_along_axis(wanted, found, axis=1).mean())

    return max(weights, key=lambda weight: (overlap(weight), -abs(weight - 0.5)))


def fit_mix(
    old: Array, new: Array, method: str = "ridge", *, held_out: float = HELD_OUT, seed: int = 0
) -> tuple[Map, Mix]:
    """Fit a map, and the mix of the old space with what it makes.

    The weight is chosen on pairs that maps were not fitted on: shares of the pairs are held out in
    turn, until 1,000 pairs or all of them were.

    Args:
        old: (n, D) embeddings by the old model.
        new: (n, D') embeddings of the same items by the new model.
        method: of :func:`backfill.align.fit`.
        held_out: share of the pairs that is held out at a time.
        seed: of the choice.

    Returns:
        The map, fitted on all pairs, and the mix.

    Raises:
        InputError: as :func:`backfill.align.fit` does; fewer than 3 pairs were held out.
    """
    old, new = pairs(old, new)
    fitted = fit(old, new, method, held_out=held_out, seed=seed)
    rows, mapped = [], []
    for judges, others in folds(len(old), held_out, seed, JUDGED):
        of_others = fit(old[others], new[others], method, held_out=held_out, seed=seed)
        rows.append(judges)
        mapped.append(of_others.apply(old[judges]))
    judged = np.concatenate(rows)
    return fitted, Mix(choose_weight(old[judged], np.concatenate(mapped), new[judged]))


def _top(similarity: Float32s, k: int) -> Int64s:
    """(n, k) the most similar other items of each; in no order."""
    np.fill_diagonal(similarity, -np.inf)
    return np.argpartition(-similarity, k, axis=1)[:, :k]
