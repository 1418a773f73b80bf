"""Cosines by which waiting items can be ranked."""

import numpy as np
from worlds import world

from backfill.align import fit
from backfill.forecast.channels import Channel, cross_fitted

WORLD = world(items=90, queries=5)


def test_a_channel_compares_queries_with_what_items_are_carried_to() -> None:
    ridge = fit(WORLD.old, WORLD.new)
    wanted = WORLD.queries_new @ ridge.apply(WORLD.old).T
    found = Channel("ridge", WORLD.queries_new, ridge).scores(WORLD.old)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_each_item_is_scored_by_the_channel_of_the_others() -> None:
    parts = np.array_split(np.random.default_rng(0).permutation(90), 3)
    folds = []
    for part in parts:
        others = np.setdiff1d(np.arange(90), part)
        one = fit(WORLD.old[others], WORLD.new[others])
        folds.append((part, Channel("ridge", WORLD.queries_new, one)))
    scores = cross_fitted(folds, WORLD.old)
    for part, channel in folds:
        np.testing.assert_allclose(scores[:, part], channel.scores(WORLD.old[part]), atol=1e-6)
