"""One call that fits a map on pairs, by any method."""

from __future__ import annotations

from dataclasses import replace

from backfill import validate
from backfill.align.folds import JUDGED
from backfill.align.maps import Map, unit
from backfill.align.procrustes import procrustes
from backfill.align.registry import METHODS
from backfill.align.ridge import HELD_OUT, choose_strength, ridge
from backfill.align.rows import require_rows
from backfill.arrays import Array, Float32s, Floats
from backfill.errors import InputError


def fit(
    old: Array, new: Array, method: str = "ridge", *, held_out: float = HELD_OUT, seed: int = 0
) -> Map:
    """Fit a map from the old space to the new one on items that both models have embedded.

    No labels are needed. What a method has to choose, such as how much it is shrunk, it chooses by
    the cosine of pairs that are held out; of few pairs, one share after the other.

    Args:
        old: (n, D) embeddings by the old model, of any length and floating type.
        new: (n, D') embeddings of the same items by the new model.
        method: "ridge", "procrustes" (a rotation, which keeps angles), or "residual" (ridge and a
            part that is not linear; the nearest of the three where pairs are like the gallery).
        held_out: share of the pairs that judge at a time, above 0 and below 1.
        seed: of the pairs that are held out.

    Returns:
        The map, fitted on all pairs in the end. It looks at directions only.

    Raises:
        InputError: there is no such method, or these are no pairs of at least 2 items, or a row
            is zero or not finite.
    """
    validate.one_of("method", method, METHODS)
    validate.share("held_out", held_out, inside=True)
    validate.seed("seed", seed)
    old, new = pairs(old, new)
    return METHODS[method](unit(old), unit(new), held_out=held_out, seed=seed)


def pairs(old: Array, new: Array) -> tuple[Floats, Floats]:
    """Both as arrays of rows that a map can be fitted on.

    Raises:
        InputError: these are no pairs of at least 2 items, or a row is zero or not finite.
    """
    first, second = validate.array("old", old), validate.array("new", new)
    shapes = f"{first.shape} and {second.shape}"
    if first.ndim != 2 or second.ndim != 2 or len(first) != len(second) or len(first) < 2:
        raise InputError(f"pairs: expected (n, D) and (n, D') of at least 2 items, got {shapes}")
    for name, rows in (("old", first), ("new", second)):
        require_rows(name, rows)
    return first, second


@METHODS.register("ridge")
def _ridge(old: Float32s, new: Float32s, *, held_out: float, seed: int) -> Map:
    strength = choose_strength(old, new, held_out=held_out, seed=seed, judged=JUDGED)
    return replace(ridge(old, new, strength), of_directions=True)


@METHODS.register("procrustes")
def _procrustes(old: Float32s, new: Float32s, *, held_out: float, seed: int) -> Map:
    return replace(procrustes(old, new), of_directions=True)
