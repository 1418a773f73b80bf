"""The order that first has an item of every neighbourhood backfilled."""

import numpy as np
import pytest
from numpy.typing import NDArray

from backfill.errors import InputError
from backfill.orders.coverage import coverage
from backfill.orders.scores import by_score

CLUSTERS, MEMBERS = 16, 8
RNG = np.random.default_rng(0)
OF_CLUSTER = np.repeat(np.arange(CLUSTERS), MEMBERS)
# Clusters far apart, on axes of their own: halving separates all before it cuts one.
EMBEDDINGS = 10.0 * np.eye(CLUSTERS)[OF_CLUSTER] + 0.01 * RNG.normal(
    size=(CLUSTERS * MEMBERS, CLUSTERS)
)
SCORES = RNG.permutation(len(EMBEDDINGS)).astype(float)


def order(seed: int = 0, **options: float) -> NDArray[np.int64]:
    return coverage(EMBEDDINGS, SCORES, seed, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("cell_size", [1, 3, 8, 1000])
def test_it_is_a_permutation(cell_size: int) -> None:
    assert sorted(order(cell_size=cell_size)) == list(range(len(EMBEDDINGS)))


def test_every_cluster_has_an_item_before_any_has_two() -> None:
    first = order(cell_size=MEMBERS)[:CLUSTERS]
    assert sorted(OF_CLUSTER[first]) == list(range(CLUSTERS))


def test_the_cells_of_wide_rows_are_those_of_the_same_rows_without_zeros() -> None:
    wide = np.pad(EMBEDDINGS, ((0, 0), (0, 200)))
    found = coverage(wide, SCORES, 0, cell_size=MEMBERS)
    assert set(found[:CLUSTERS]) == set(order(cell_size=MEMBERS)[:CLUSTERS])


def test_a_cluster_is_represented_by_its_middle() -> None:
    first = order(cell_size=MEMBERS)[:CLUSTERS]
    for item in first:
        members = np.flatnonzero(OF_CLUSTER[item] == OF_CLUSTER)
        similarity = EMBEDDINGS[members] @ EMBEDDINGS[members].mean(0)
        assert item == members[np.argmax(similarity)]


def test_of_the_rest_the_share_by_score_is_kept_at_every_point() -> None:
    made = order(cell_size=MEMBERS, scored_share=0.5)
    rest = made[CLUSTERS:].tolist()
    scored = [item for item in by_score(SCORES) if item not in made[:CLUSTERS]]
    for count in range(1, len(rest)):
        # The best that could have been taken by score, in its half of the places so far.
        assert set(scored[: (count + 1) // 2]) <= set(rest[:count])
    # The other half is no ranking.
    assert rest[:40] != scored[:40]


def test_all_by_score_or_none() -> None:
    made = order(cell_size=MEMBERS, scored_share=1.0)
    rest = made[CLUSTERS:]
    assert (np.diff(SCORES[rest]) < 0).all()
    chance = order(cell_size=MEMBERS, scored_share=0.0)[CLUSTERS:]
    assert abs(np.corrcoef(np.arange(len(chance)), SCORES[chance])[0, 1]) < 0.3


def test_the_seed_decides() -> None:
    np.testing.assert_array_equal(order(1), order(1))
    assert not np.array_equal(order(1), order(2))


def test_scores_must_be_as_many_as_items_and_finite() -> None:
    with pytest.raises(InputError, match="expected one per embedding, 128, got 3"):
        coverage(EMBEDDINGS, np.zeros(3), 0)
    with pytest.raises(InputError, match="nan in row 2"):
        coverage(EMBEDDINGS, np.where(np.arange(128) == 2, np.nan, SCORES), 0)
