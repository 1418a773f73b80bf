"""Every message names the argument, what was expected and what was found."""

import re
from typing import Any

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.retrieval import (
    Relevance,
    backfill_curve,
    backfill_curve_at,
    distance_histograms,
)

QUERY, GALLERY = np.ones((2, 3)), np.ones((4, 3))
RELEVANCE = Relevance.from_labels([0, 1], [0, 1, 0, 1])


def broken(rows: np.ndarray[Any, Any], at: tuple[Any, ...], value: float) -> np.ndarray[Any, Any]:
    rows = rows.copy()
    rows[at] = value
    return rows


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"before": (QUERY, GALLERY, GALLERY)},
            "before: expected a pair (query, gallery), got 3 values",
        ),
        ({"before": QUERY}, "before: expected a pair (query, gallery), got ndarray"),
        (
            {"before": (QUERY[0], GALLERY)},
            "before[0] (query): expected a 2-D array (items, dimensions), got shape (3,)",
        ),
        (
            {"after": (QUERY, GALLERY.astype(int))},
            "after[1] (gallery): expected float16, float32 or float64, got int64",
        ),
        (
            {"after": (QUERY, GALLERY[:0])},
            "after[1] (gallery): expected at least one row, got shape (0, 3)",
        ),
        (
            {"before": (QUERY[:0], GALLERY)},
            "before[0] (query): expected at least one row, got shape (0, 3)",
        ),
        (
            {"before": (QUERY[:, :0], GALLERY[:, :0])},
            "before[0] (query): expected at least one dimension, got shape (2, 0)",
        ),
        (
            {"after": (QUERY, broken(GALLERY, (2, 1), np.nan))},
            "after[1] (gallery): expected finite numbers, got nan at row 2, column 1",
        ),
        (
            {"after": (broken(QUERY, (1, 0), -np.inf), GALLERY)},
            "after[0] (query): expected finite numbers, got -inf at row 1, column 0",
        ),
        (
            {"before": (QUERY, broken(GALLERY, (3,), 0.0))},
            "before[1] (gallery): expected vectors with a direction, got a zero vector at row 3",
        ),
        (
            {"before": (QUERY, GALLERY[:, :2])},
            "before[1] (gallery): expected 3 dimensions as in before[0] (query), got 2",
        ),
        (
            {"after": (QUERY[:1], GALLERY)},
            "after[0] (query): expected 2 rows as in before[0] (query), got 1",
        ),
        (
            {"after": (QUERY, GALLERY[:3])},
            "after[1] (gallery): expected 4 rows as in before[1] (gallery), got 3",
        ),
        ({"map_at": 0}, "map_at: expected an integer of at least 1, or None, got 0"),
        ({"map_at": 1.5}, "map_at: expected an integer of at least 1, or None, got 1.5"),
        ({"map_at": True}, "map_at: expected an integer of at least 1, or None, got True"),
        ({"arriving": [True]}, "arriving: expected 4 bools, got bool of shape (1,)"),
        ({"arriving": [0, 1, 0, 1]}, "arriving: expected 4 bools, got int64 of shape (4,)"),
        (
            {"arriving": np.ones(4, bool)},
            "relevance: expected a query with a positive that is not ignored, got none that is in "
            "the gallery from the start",
        ),
        (
            {"merge": "zscore"},
            "merge: expected one of background_nearest, background_z_score, distance, isotonic, "
            "logistic, min_max, reciprocal_rank, z_score, got 'zscore'",
        ),
        (
            {"relevance": Relevance.from_labels([0], [0, 1, 0, 1])},
            "relevance: expected 2 queries, got 1",
        ),
        (
            {"relevance": Relevance.from_labels([0, 1], [0, 1])},
            "relevance: expected a gallery of 4, got 2",
        ),
        (
            {"relevance": Relevance.from_lists([[1], []], [[1], []], 4)},
            "relevance: expected a query with a positive that is not ignored, got none",
        ),
        ({"order": [0, 1, 2]}, "order: expected a permutation of 0..3, got 3 entries"),
        ({"order": [0, 1, 2, 4]}, "order: expected a permutation of 0..3, got 4 at position 3"),
        ({"order": [0, -1, 2, 3]}, "order: expected a permutation of 0..3, got -1 at position 1"),
        ({"order": [0, 1, 2, 2]}, "order: expected a permutation of 0..3, got 2 2 times"),
        (
            {"order": [0.0, 1.0, 2.0, 3.0]},
            "order: expected a 1-D array of integers, got float64 of shape (4,)",
        ),
        ({"checkpoints": 1}, "checkpoints: expected an integer of at least 2, got 1"),
        (
            {"checkpoints": True},
            "checkpoints: expected an integer, 'all' or increasing fractions, got True",
        ),
        (
            {"checkpoints": "many"},
            "checkpoints: expected an integer, 'all' or increasing fractions, got 'many'",
        ),
        (
            {"checkpoints": []},
            "checkpoints: expected an integer, 'all' or increasing fractions, got shape (0,)",
        ),
        ({"checkpoints": [0, 1.5]}, "checkpoints: expected fractions in [0, 1], got 1.5"),
        ({"checkpoints": [np.nan]}, "checkpoints: expected fractions in [0, 1], got nan"),
        (
            {"checkpoints": [0, 0.5, 0.5]},
            "checkpoints: expected increasing fractions, got 0.5 and then 0.5",
        ),
        ({"top_k": ()}, "top_k: expected at least one k, got none"),
        ({"top_k": (5, 0)}, "top_k: expected k >= 1, got 0"),
        ({"top_k": (1, 1)}, "top_k: expected distinct k, got (1, 1)"),
        ({"top_k": (1.5,)}, "top_k: expected a 1-D array of integers, got float64 of shape (1,)"),
    ],
)
def test_backfill_curve(change: dict[str, Any], message: str) -> None:
    arguments = {
        "before": (QUERY, GALLERY),
        "after": (QUERY, GALLERY),
        "order": np.arange(4),
        "relevance": RELEVANCE,
    }
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        backfill_curve(**{**arguments, **change})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ([[0], [1]], [0]),
            "query_labels: expected a 1-D array of integers or strings, got int64 of shape (2, 1)",
        ),
        (
            ([0], [0.5]),
            "gallery_labels: expected a 1-D array of integers or strings, got float64 of shape (1",
        ),
        ((["a"], [0]), "gallery_labels: expected strings as in query_labels, got integers"),
        (([0], ["a"]), "gallery_labels: expected integers as in query_labels, got strings"),
        (
            (np.array(["a", None]), ["a"]),
            "query_labels: expected integers or strings, got None",
        ),
        (([], [0]), "query_labels: expected at least one label, got none"),
        (([0], []), "gallery_labels: expected at least one label, got none"),
        (
            ([0], [0, 1], True),
            "ignore_self: expected as many queries as gallery items or query_positions, "
            "got 1 queries and 2 gallery items",
        ),
        (([0], [0, 1], True, [0, 1]), "query_positions: expected 1 entries, got 2"),
        (
            ([0, 0], [0, 1], True, [0, 2]),
            "query_positions[1]: expected indices in 0..1, got 2",
        ),
        (
            ([0], [0, 1], True, [-1]),
            "query_positions[0]: expected indices in 0..1, got -1",
        ),
        (([0], [0, 1], False, [1]), "query_positions: expected none without ignore_self, got some"),
    ],
)
def test_labels(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        Relevance.from_labels(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [], 3), "positives: expected at least one query, got none"),
        (([[0]], [], 3), "ignored: expected 1 sequences as in positives, got 0"),
        (([[0], [3]], [[], []], 3), "positives[1]: expected indices in 0..2, got 3"),
        (([[0], []], [[], [-1]], 3), "ignored[1]: expected indices in 0..2, got -1"),
        (
            ([[0], [], [2, 1, 2]], [[], [], []], 3),
            "positives[2]: expected ascending distinct indices, got 2 twice",
        ),
        (
            ([[0.5]], [[]], 3),
            "positives[0]: expected a 1-D array of integers, got float64 of shape (1,)",
        ),
        (([[]], [[]], 0), "gallery_size: expected an integer of at least 1, got 0"),
    ],
)
def test_lists(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        Relevance.from_lists(*arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positive_set": [0, 2]}, "positive_set: expected sets in 0..1, got 2"),
        ({"positive_set": []}, "positive_set: expected at least one query, got none"),
        (
            {"positive_indptr": [0, 3, 2]},
            "positives: expected row boundaries that rise from 0 to 2, the number of indices, "
            "got [0, 3, 2]",
        ),
        ({"ignored_indptr": [0, 0]}, "ignored_indptr: expected 3 entries, got 2"),
        (
            {"positive_indptr": [0, 0, 2], "positive_indices": [3, 1]},
            "positives[1]: expected ascending distinct indices, got 1 after 3",
        ),
    ],
)
def test_compressed_rows(change: dict[str, list[int]], message: str) -> None:
    rows = {
        "positive_set": [0, 1],
        "positive_indptr": [0, 1, 2],
        "positive_indices": [1, 3],
        "ignored_indptr": [0, 0, 0],
        "ignored_indices": [],
    }
    arrays = {name: np.array(row, np.int64) for name, row in {**rows, **change}.items()}
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        Relevance(gallery_size=4, **arrays)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((QUERY, GALLERY, RELEVANCE, 0), "bins: expected an integer of at least 1, got 0"),
        (
            (QUERY[:1], GALLERY, RELEVANCE),
            "relevance: expected 1 queries, got 2",
        ),
        (
            (QUERY, GALLERY[:, :2], RELEVANCE),
            "gallery: expected 3 dimensions as in query, got 2",
        ),
    ],
)
def test_distance_histograms(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        distance_histograms(*arguments)


def test_curves_without_relevance() -> None:
    rows = np.eye(2)
    system = (rows, rows)
    message = "^relevance: expected a Relevance, which this measure needs, got None"
    with pytest.raises(InputError, match=message):
        backfill_curve(system, system, [0, 1], None)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=message):
        backfill_curve_at(1, system, system, [0, 1], None, top_k=(1,))  # type: ignore[arg-type]
