"""Distance histograms against all pairs at once."""

import numpy as np
import pytest

from backfill.retrieval import Relevance, distance_histograms, similarity


def test_equals_numpy_over_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "BLOCK_BYTES", 5 * 4 * 80 * 8)  # five queries at a time
    rng = np.random.default_rng(0)
    query, gallery = rng.standard_normal((33, 6)), rng.standard_normal((80, 6))
    positive, ignored = rng.random((33, 80)) < 0.2, rng.random((33, 80)) < 0.1
    relevance = Relevance.from_lists(
        [np.flatnonzero(row) for row in positive], [np.flatnonzero(row) for row in ignored], 80
    )
    edges, near, far = distance_histograms(query, gallery, relevance, bins=16)

    unit_query = query / np.linalg.norm(query, axis=1, keepdims=True)
    unit_gallery = gallery / np.linalg.norm(gallery, axis=1, keepdims=True)
    distance = ((unit_query[:, None] - unit_gallery[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(edges, np.linspace(0, 4, 17))
    np.testing.assert_array_equal(near, np.histogram(distance[positive & ~ignored], edges)[0])
    np.testing.assert_array_equal(far, np.histogram(distance[~positive & ~ignored], edges)[0])


def test_equal_and_opposite_vectors_fall_into_the_outer_bins() -> None:
    rng = np.random.default_rng(1)
    query = rng.standard_normal((50, 7)).astype(np.float32)
    relevance = Relevance.from_lists([[q] for q in range(50)], [[]] * 50, 50)
    assert distance_histograms(query, query, relevance)[1].tolist() == [50] + [0] * 99
    assert distance_histograms(query, -query, relevance)[1].tolist() == [0] * 99 + [50]
