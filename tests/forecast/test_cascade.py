"""The nearest items that wait are embedded on demand, and ranked anew."""

import numpy as np

from backfill.forecast.cascade import demand, reranked, waiting
from backfill.forecast.curves import Completed

COMPLETED = Completed(
    items=np.array([[10, 11, 12, 13]]),
    cosines=np.zeros((1, 1, 4), np.float32),
    new=np.array([[0.1, 0.4, 0.3, 0.9]], np.float32),
    switches=np.array([[0.0, 0.3, 0.6, 0.9]], np.float32),
)


def test_the_first_are_ranked_by_their_new_vectors_and_the_others_stay() -> None:
    columns = np.array([[0, 2, 1, 3]])
    assert reranked(COMPLETED, columns, 3).tolist() == [[1, 2, 0, 3]]
    assert reranked(COMPLETED, columns, 2).tolist() == [[2, 0, 1, 3]]
    assert reranked(COMPLETED, columns, 9).tolist() == [[3, 1, 2, 0]]


def test_a_short_ranking_stays_short() -> None:
    assert reranked(COMPLETED, np.array([[0, 1, -1, -1]]), 3).tolist() == [[1, 0, -1, -1]]


def test_only_first_items_that_wait_have_to_be_embedded() -> None:
    columns = np.array([[0, 2, 1, -1]])
    assert waiting(COMPLETED, columns, 0.0, 2).tolist() == [2]
    assert waiting(COMPLETED, columns, 0.5, 2).tolist() == [1]
    assert waiting(COMPLETED, columns, 0.5, 4).tolist() == [1]
    assert waiting(COMPLETED, columns, 1.0, 4).tolist() == [0]


def test_what_was_embedded_for_one_query_is_there_for_the_next() -> None:
    nearest = np.array([[1, 2, 3], [3, 4, -1], [2, 1, 9]])
    found = demand(nearest, np.array([0, 1, 0, 2]))
    assert found.embedded.tolist() == [3, 1, 0, 1]
    assert found.order.tolist() == [1, 2, 3, 4, 9]


def test_a_log_without_any_item_embeds_nothing() -> None:
    found = demand(np.full((2, 3), -1), np.array([0, 1]))
    assert found.embedded.tolist() == [0, 0]
    assert len(found.order) == 0
