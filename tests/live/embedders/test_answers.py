"""Any bytes are vectors or a failure, and nothing else."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfill.live.embedders.answers import error_in, parsed
from backfill.live.embedders.failed import Failed
from backfill.live.embedders.rows import unit_rows


def body(*embeddings: Any, **more: Any) -> bytes:
    return json.dumps({"data": [{"embedding": each} for each in embeddings]} | more).encode()


def numbered(*indexes: Any) -> bytes:
    data = [{"index": each, "embedding": [k, 1]} for k, each in enumerate(indexes)]
    return json.dumps({"data": data}).encode()


def test_vectors_are_ordered_by_index() -> None:
    np.testing.assert_array_equal(parsed(numbered(1, 2, 0)).rows, [[2, 1], [0, 1], [1, 1]])


@pytest.mark.parametrize(
    "indexes", [(0, 0), (1, 2), (0, None), (0, "1"), (0, 1.5), (-1, 0), (0, [])]
)
def test_an_index_that_does_not_count_is_refused(indexes: tuple[Any, ...]) -> None:
    with pytest.raises(Failed, match="2 vectors whose `index` does not count from 0 without gaps"):
        parsed(numbered(*indexes))


def test_base64_is_float32() -> None:
    rows = np.random.default_rng(0).normal(size=(2, 3)).astype("<f4")
    found = parsed(body(*(base64.b64encode(row.tobytes()).decode() for row in rows)))
    np.testing.assert_array_equal(found.rows, rows)


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (b"", "not JSON, 0 bytes"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"9" * 9999, "not JSON"),
        (b"[]", "no object"),
        (b'{"data": 3}', "without `data`, 11 bytes"),
        (b'{"data": [3]}', "entries without `embedding`"),
        (b'{"data": [{}]}', "entries without `embedding`"),
        (body("%%%"), "not float32 in base64"),
        (body("AAAA"), "not float32 in base64"),
        (body("\u20ac"), "not float32 in base64"),
        (body({"a": 1}), "not a list of numbers"),
        (body([[1.0]]), "not a list of numbers"),
        (body([1.0, None]), "not a list of numbers"),
        (body([1.0, "2"]), "not a list of numbers"),
        (body([True]), "not a list of numbers"),
        (body([10**400]), "too large"),
        (body([1], [1, 2]), "2 vectors of widths from 1 to 2"),
    ],
)
def test_other_bytes_are_refused(sent: bytes, got: str) -> None:
    with pytest.raises(Failed, match=got):
        parsed(sent)


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 7, "total_tokens": 9}, 7), ({"total_tokens": 9}, 9), ({}, None),
        (None, None), ([], None), ({"prompt_tokens": -1}, None), ({"prompt_tokens": True}, None),
        ({"prompt_tokens": "7"}, None),
    ],
)  # fmt: skip
def test_tokens_are_counted_where_they_are(usage: Any, tokens: int | None) -> None:
    assert parsed(body([1.0], usage=usage)).tokens == tokens


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b'{"error": {"message": "no"}}', ": no"),
        (b'{"error": "no"}', ": no"),
        (b'{"message": "no"}', ": no"),
        (b'{"detail": "no"}', ": no"),
        (b'{"detail": [{"loc": 3}]}', ""),
        (b'{"error": null}', ""),
        (b"<html>no</html>", ""),
        (b"[1]", ""),
    ],
)
def test_a_refusal_says_why(sent: bytes, said: str) -> None:
    assert error_in(sent) == said


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["data", "index", "embedding", "error", "usage"]), inner)
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.binary() | _ANY.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_a_failure_and_no_other_error(sent: bytes) -> None:
    try:
        rows = unit_rows(parsed(sent).rows, ["a"], None)
    except Failed:
        error_in(sent)
    else:
        assert np.linalg.norm(rows) == pytest.approx(1, abs=1e-5)
