"""Vectors are as many as texts, of one width, finite, not zero, and of unit length."""

from typing import Any

import numpy as np
import pytest

from backfill.live.embedders.failed import Failed
from backfill.live.embedders.rows import unit_rows


@pytest.mark.parametrize("scale", [1, 1e-300, 1e300, 5e-324])
def test_any_length_becomes_one(scale: float) -> None:
    rows = unit_rows([[3 * scale, 4 * scale]], ["a"], 2)
    np.testing.assert_allclose(np.linalg.norm(rows), 1, atol=1e-6)
    assert rows.dtype == np.float32


@pytest.mark.parametrize("given", [[[1, 2]], ((1.0, 2.0),), np.ones((1, 2), np.float16)])
def test_whatever_is_an_array_of_numbers_is_taken(given: Any) -> None:
    assert unit_rows(given, ["a"], None).shape == (1, 2)


class Broken:
    def __array__(self, *_: object, **__: object) -> None:
        raise KeyError("no array")


@pytest.mark.parametrize(
    ("given", "got"),
    [
        (None, "shape"), ("text", "shape"), (3, "shape"), ([1.0, 2.0], "shape"), ({}, "shape"),
        ([[True, False]], "type bool"), ([["1", "2"]], "type <U1"), ([[1j, 2]], "type complex"),
        ([[None, 1]], "type object"), ([[1], [1, 2]], "no array of one width"),
        (Broken(), "no array of one width"), ([[1.0, 2.0]] * 2, "^2 vectors"), ([[]], "of width 0"),
        ([[1.0]], "of width 1"), ([[1.0, np.inf]], "not finite for the text 'a' of 1 characters"),
        ([[0.0, 0.0]], "zeros for the text 'a'"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(given: Any, got: str) -> None:
    with pytest.raises(Failed, match=got):
        unit_rows(given, ["a"], 2)


def test_what_was_given_is_not_changed() -> None:
    given = np.full((1, 2), 3.0)
    unit_rows(given, ["a"], 2)
    assert given.tolist() == [[3.0, 3.0]]
