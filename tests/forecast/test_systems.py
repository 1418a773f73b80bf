"""Maps between both spaces, and the pairs they were fitted on as if they were not."""

import numpy as np
import pytest
from worlds import world

from backfill.align.maps import unit
from backfill.arrays import Float32s
from backfill.forecast.systems import fit_systems

WORLD = world(items=120, queries=8)
RNG = np.random.default_rng(0)


def drawn(*shape: int) -> Float32s:
    return unit(RNG.normal(size=shape))


def test_pairs_are_scored_by_maps_that_have_not_seen_them() -> None:
    # Nothing connects the two spaces; a rotation fits the pairs that it is fitted on all the same.
    old, new = drawn(60, 50), drawn(60, 50)
    queries = drawn(5, 50)
    fitted = fit_systems(old, new, queries, new[:5], maps=["procrustes"], with_back=False)
    seen = (fitted.maps["procrustes"].apply(old) * new).sum(axis=1).mean()
    assert seen > 0.5
    assert fitted.cosine["procrustes"] == pytest.approx(0, abs=0.1)
    # The first queries are the new vectors of the first items.
    assert np.diagonal(fitted.pairs[1]).mean() < seen - 0.3
    np.testing.assert_allclose((fitted.mapped["procrustes"] * new).sum(axis=1).mean(),
                               fitted.cosine["procrustes"], atol=1e-6)  # fmt: skip


def test_each_channel_has_a_name_a_score_of_every_pair_and_itself() -> None:
    fitted = fit_systems(
        WORLD.old, WORLD.new, WORLD.queries_old, WORLD.queries_new, maps=["procrustes", "ridge"]
    )
    assert fitted.systems.channels == ("old", "procrustes", "ridge", "back")
    assert [channel.name for channel in fitted.channels] == list(fitted.systems.channels)
    assert fitted.pairs.shape == (4, 8, 120)
    np.testing.assert_allclose(fitted.pairs[0], WORLD.queries_old @ WORLD.old.T, atol=1e-6)
    assert fitted.systems.best == max(fitted.cosine, key=lambda name: fitted.cosine[name])


def test_with_pairs_from_elsewhere_the_map_itself_scores() -> None:
    elsewhere = world(items=100, seed=0)
    fitted = fit_systems(
        WORLD.old, WORLD.new, WORLD.queries_old, WORLD.queries_new,
        foreign=(elsewhere.old, elsewhere.new), maps=["ridge"], with_back=False,
    )  # fmt: skip
    wanted = WORLD.queries_new @ fitted.maps["ridge"].apply(WORLD.old).T
    np.testing.assert_allclose(fitted.pairs[1], wanted, atol=1e-6)


def test_the_mix_leaves_out_old_vectors_where_mapped_ones_are_perfect_and_old_queries_lost() -> (
    None
):
    # A rotation maps items exactly; the old queries have nothing to do with them.
    rotation = np.linalg.qr(RNG.normal(size=(10, 10)))[0]
    old = drawn(200, 10)
    fitted = fit_systems(
        old, unit(old @ rotation), drawn(30, 10), drawn(30, 10),
        maps=["procrustes"], with_back=False,
    )  # fmt: skip
    assert fitted.cosine["procrustes"] == pytest.approx(1, abs=1e-4)
    assert fitted.systems.mix == 0


def test_the_mix_is_of_old_vectors_where_no_map_can_be_had() -> None:
    # Old and new queries find the same; the old items' mapped vectors are no use to them.
    old = drawn(200, 10)
    new = np.concatenate([old, np.zeros_like(old)], axis=1)
    scrambled = (drawn(50, 10), drawn(50, 20))
    queries = drawn(30, 10)
    fitted = fit_systems(
        old, new, queries, np.concatenate([queries, np.zeros_like(queries)], axis=1),
        foreign=scrambled, maps=["ridge"], with_back=False,
    )  # fmt: skip
    assert fitted.systems.mix > 0.8


def test_weights_of_the_two_queries_put_the_mix_half_way_between_them() -> None:
    fitted = fit_systems(WORLD.old, WORLD.new, WORLD.queries_old, WORLD.queries_new, maps=["ridge"])
    assert fitted.systems.slerp is not None
    back = fitted.channels[-1].query
    one, other = fitted.systems.slerp[:, :, None]
    middle = one * WORLD.queries_old + other * back
    np.testing.assert_allclose(np.linalg.norm(middle, axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(
        (middle * WORLD.queries_old).sum(axis=1), (middle * back).sum(axis=1), atol=1e-4
    )
