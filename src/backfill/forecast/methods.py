"""Methods that need no labels: how each ranks the items that wait.

Backfilled items are ranked by new queries and new vectors, always. A waiting item's score is a sum
of its cosines by the channels, since the cosine of vectors that stand side by side is one, and so
is the cosine to a mix of two queries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from backfill.arrays import Float32s

OLD, BACK = "old", "back"


@dataclass(frozen=True)
class Systems:
    """What methods are made of.

    Attributes:
        channels: names of the channels, in the order of their scores.
        best: the map that brings held-out pairs nearest to each other.
        mix: weight of the old cosine beside that of `best`.
        slerp: (2, Q) weights of the old cosine and of the one by `back`, for the query half-way
            between both.
    """

    channels: tuple[str, ...]
    best: str
    mix: float
    slerp: Float32s | None = None


# Weights of the channels, each a number or one per query.
Weights = Mapping[str, "float | Float32s"]


@dataclass(frozen=True)
class Method:
    """A way of upgrading.

    Attributes:
        title: what it does, in words.
        weights: of the channels, for waiting items; None: it cannot be had from these systems.
        calibrated: whether scores are compared with a background, as `background_nearest` does.
    """

    title: str
    weights: Callable[[Systems], Weights | None]
    calibrated: bool = True

    def waiting(self, systems: Systems, cosines: Float32s) -> Float32s | None:
        """Score items while they wait.

        Args:
            systems: that there are.
            cosines: (C, Q, M) by each channel.

        Returns:
            (Q, M), or None; -inf or NaN where there is no item.
        """
        weights = self.weights(systems)
        if weights is None or not set(weights) <= set(systems.channels):
            return None
        total = np.zeros(cosines.shape[1:], np.float32)
        for name, weight in weights.items():
            part = cosines[systems.channels.index(name)]
            with np.errstate(invalid="ignore"):  # -inf, of no item, times a weight of 0 is NaN
                total += (weight if np.ndim(weight) == 0 else _column(weight)) * part
        return total


def _column(weight: float | Float32s) -> Float32s:
    return np.asarray(weight, np.float32)[:, None]


FALL_BACK = "old_query_calibrated"
METHODS: dict[str, Method] = {
    "old_query": Method("old query for what waits", lambda _: {OLD: 1.0}, calibrated=False),
    FALL_BACK: Method("old query for what waits, calibrated", lambda _: {OLD: 1.0}),
    "procrustes": Method("old vectors turned into the new space", lambda _: {"procrustes": 1.0}),
    "ridge": Method("old vectors mapped into the new space", lambda _: {"ridge": 1.0}),
    "residual": Method("old vectors mapped, not only linearly", lambda _: {"residual": 1.0}),
    "mix": Method(
        "old and mapped vectors side by side",
        lambda systems: {OLD: systems.mix, systems.best: 1 - systems.mix},
    ),
    "slerp": Method(
        "old query mixed with the new one carried back",
        lambda s: None if s.slerp is None else {OLD: s.slerp[0], BACK: s.slerp[1]},
    ),
}
