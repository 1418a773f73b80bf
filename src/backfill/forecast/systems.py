"""What a forecast searches with: the maps between both spaces, and the channels that they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backfill.align import Map, fit
from backfill.arrays import Float32s, Int64s
from backfill.forecast.channels import Channel, cross_fitted
from backfill.forecast.methods import BACK, OLD, Systems

MAPS = ("procrustes", "ridge", "residual")
FOLDS = 5
_WEIGHTS = np.linspace(0, 0.95, 20)  # of the mix, that are tried
_NEIGHBOURS = 10
HALF_WAY = 0.5  # between the old query and the one that is carried back


@dataclass(frozen=True, eq=False)
class Fitted:
    """Channels, with the cosines of the pairs that their maps were fitted on as if they were not.

    Attributes:
        systems: what methods are made of.
        channels: one per name in `systems.channels`.
        maps: from the old space to the new one, by name.
        pairs: (C, Q, n) cosines of the queries and the pairs, by maps of other pairs.
        cosine: mean cosine of held-out pairs after mapping, by the map's name.
        mapped: name of the map -> (n, d2) the pairs, each by a map of other pairs.
    """

    systems: Systems
    channels: tuple[Channel, ...]
    maps: dict[str, Map]
    pairs: Float32s
    cosine: dict[str, float]
    mapped: dict[str, Float32s]


def fit_systems(
    old: Float32s,
    new: Float32s,
    queries_old: Float32s,
    queries_new: Float32s,
    *,
    foreign: tuple[Float32s, Float32s] | None = None,
    maps: Sequence[str] = MAPS,
    with_back: bool = True,
    best_only: bool = False,
    seed: int = 0,
) -> Fitted:
    """Fit maps on known items of the gallery, or on pairs from elsewhere.

    A map brings the pairs that it was fitted on nearer to each other than any others. So the known
    items are scored by maps of the other four fifths of them; with pairs from elsewhere, by the map
    itself.

    Args:
        old: (n, d1) old vectors of the known items, of unit length.
        new: (n, d2) their new vectors.
        queries_old: (Q, d1) of unit length.
        queries_new: (Q, d2) of unit length.
        foreign: (m, d1) and (m, d2) pairs from elsewhere that maps are fitted on instead.
        maps: methods of :func:`backfill.align.fit`.
        with_back: whether new queries are carried back into the old space too.
        best_only: whether only the best map makes a channel.
        seed: of folds and fits.
    """
    fold = np.random.default_rng([seed, 1]).permutation(len(old)) % FOLDS
    source = (old, new) if foreign is None else foreign

    def fitted(of: tuple[Float32s, Float32s], method: str) -> tuple[Map, list[tuple[Int64s, Map]]]:
        whole = fit(*of, method, seed=seed)
        if foreign is not None:
            return whole, [(np.arange(len(old)), whole)]
        parts = [(np.flatnonzero(fold == f), np.flatnonzero(fold != f)) for f in range(FOLDS)]
        return whole, [(j, fit(of[0][o], of[1][o], method, seed=seed)) for j, o in parts if len(j)]

    channels, scores = [Channel(OLD, queries_old)], [queries_old @ old.T]
    found: dict[str, Map] = {}
    held_out: dict[str, Float32s] = {}
    for name in maps:
        found[name], of_folds = fitted(source, name)
        held_out[name] = mapped = np.empty_like(new)
        for judges, one in of_folds:
            mapped[judges] = one.apply(old[judges])
    cosine = {name: float((mapped * new).sum(axis=1).mean()) for name, mapped in held_out.items()}
    best = max(cosine, key=lambda name: cosine[name])
    for name in [best] if best_only else maps:
        channels.append(Channel(name, queries_new, found[name]))
        scores.append(queries_new @ held_out[name].T)
    slerp = None
    if with_back:
        back, of_folds = fitted((source[1], source[0]), "ridge")
        carried = back.apply(queries_new)
        channels.append(Channel(BACK, carried))
        of_others = [(judges, Channel(BACK, one.apply(queries_new))) for judges, one in of_folds]
        scores.append(cross_fitted(of_others, old))
        slerp = _slerp_weights(queries_old, carried)
    mix = _mix_weight(scores[0], queries_new @ held_out[best].T, queries_new @ new.T)
    names = tuple(channel.name for channel in channels)
    systems = Systems(names, best, mix, slerp)
    return Fitted(
        systems, tuple(channels), found, np.stack(scores).astype(np.float32), cosine, held_out
    )


def _slerp_weights(start: Float32s, end: Float32s) -> Float32s:
    """(2, Q) weights that put the two unit vectors of each query half-way between each other."""
    angle = np.arccos(np.clip((start * end).sum(axis=1), -1, 1))
    sine = np.maximum(np.sin(angle), 1e-6)
    way = np.stack([np.sin((1 - HALF_WAY) * angle), np.sin(HALF_WAY * angle)])
    return np.asarray(way / sine, np.float32)


def _mix_weight(old: Float32s, mapped: Float32s, new: Float32s) -> float:
    """The weight of the old space with which known items are found most as in the new space.

    Args:
        old: (Q, n) cosines of the queries and the known items.
        mapped: (Q, n) by maps of other items.
        new: (Q, n) in the new space.
    """
    k = min(_NEIGHBOURS, new.shape[1] - 1)
    wanted = np.argpartition(-new, k, axis=1)[:, :k]
    is_wanted = np.zeros(new.shape, bool)
    np.put_along_axis(is_wanted, wanted, values=True, axis=1)

    def overlap(weight: float) -> float:
        found = np.argpartition(-(weight * old + (1 - weight) * mapped), k, axis=1)[:, :k]
        return float(np.take_along_axis(is_wanted, found, axis=1).mean())

    return float(max(_WEIGHTS, key=lambda weight: (overlap(weight), -abs(weight - 0.5))))
