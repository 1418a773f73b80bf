"""How near merged rankings are to the new one, and what judges say of them."""

import numpy as np

from backfill.forecast.curves import Completed
from backfill.forecast.measuring import KEPT, OVERLAP, measured
from backfill.judgements import Judgements

ITEMS = np.array([[5, 6, 7, -1], [1, 2, 3, 4]])
COMPLETED = Completed(ITEMS, np.zeros((1, 2, 4), np.float32), np.zeros((2, 4), np.float32),
                      np.zeros((2, 4), np.float32))  # fmt: skip


def of(columns: list[list[int]], new: list[list[int]], *names: str) -> dict[str, list[float]]:
    judgements = Judgements.from_labels(np.array([0, 1]), np.array([2, 1, 1, 2, 2, 0, 2, 2]))
    found = measured(COMPLETED, np.array(columns), np.array(new), judgements, names)
    return {name: values.tolist() for name, values in found.items()}


def test_overlap_is_the_share_of_the_new_first_ones_whatever_their_ranks() -> None:
    found = of([[2, 0, 1], [3, 1, 2]], [[0, 1, 2], [0, 1, 2]], OVERLAP, KEPT)
    np.testing.assert_allclose(found[OVERLAP], [1, 2 / 3])
    assert found[KEPT] == found[OVERLAP]


def test_only_the_first_ten_overlap_and_a_hundred_are_kept() -> None:
    new = [list(range(20))] * 2
    columns = [list(range(5, 25)), list(range(20))]
    found = of(columns, new, OVERLAP, KEPT)
    assert found[OVERLAP] == [0.5, 1]
    assert found[KEPT] == [0.5, 1]


def test_ranks_that_are_empty_are_nobodys() -> None:
    found = of([[0, -1, -1], [-1, -1, -1]], [[0, 1, -1], [2, -1, -1]], OVERLAP)
    assert found[OVERLAP] == [0.5, 0]


def test_judges_see_the_items_of_the_columns() -> None:
    # Of the first query item 5 is relevant, of the second items 1 and 2.
    found = of([[1, 0, 3], [0, 1, -1]], [[0, 1, 2]] * 2, "AP@100", "hit@10", "precision@10")
    np.testing.assert_allclose(found["AP@100"], [0.5, 1])
    np.testing.assert_allclose(found["precision@10"], [0.1, 0.2])
    assert found["hit@10"] == [1, 1]
    assert OVERLAP not in found
