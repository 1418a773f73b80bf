"""Files and frames of judgements and of ranked lists."""

import contextlib
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfill.errors import InputError
from backfill.judgements import (
    Run,
    as_qrels,
    as_run,
    read_qrels,
    read_run,
    write_qrels,
    write_run,
)

QRELS = {"q1": {"d1": 2, "d2": 0}, "q2": {"d1": -1}}
TREC = "q1 0 d1 2\nq1\t0\td2\t0\n\nq2  0  d1  -1\n"
BEIR = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td1\t-1\n"


@pytest.mark.parametrize("text", [TREC, BEIR, "\ufeff" + BEIR.replace("\n", "\r\n")])
def test_both_forms_in_all_vessels(tmp_path: Path, text: str) -> None:
    plain, packed = tmp_path / "qrels.tsv", tmp_path / "qrels.tsv.gz"
    plain.write_bytes(text.encode())
    packed.write_bytes(gzip.compress(text.encode()))
    for source in (text, plain, str(plain), packed, io.StringIO(text), io.BytesIO(text.encode())):
        assert read_qrels(source) == QRELS


def test_ids_keep_their_spaces_between_tabs() -> None:
    assert read_qrels("q\t0\tred shoe\t1\n") == {"q": {"red shoe": 1}}


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_qrels(tmp_path / "a.tsv", QRELS)
    assert read_qrels(tmp_path / "a.tsv") == QRELS
    run = Run.from_scores({"q1": {"d1": 0.1, "d2": 1 / 3}})
    write_run(tmp_path / "a.trec", run, name="new")
    assert (tmp_path / "a.trec").read_text().splitlines()[0].split()[2:4] == ["d2", "1"]
    again = read_run(tmp_path / "a.trec")
    assert again.items == run.items
    np.testing.assert_array_equal(again.scores["q1"], run.scores["q1"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"q 0 d 1\nq 0 d x\n", r"line 2: expected an integer as the grade, got 'x'$"),
        (b"q 0 d 1.5\n", r"line 1: expected an integer as the grade, got '1.5'$"),
        (b"q 0 d 1e400\n", r"line 1: expected an integer as the grade, got '1e400'$"),
        (b"q 0 d 1\n\nq 0 d 2\n", r"line 3: expected one grade of 'd' for 'q', got 2 after 1$"),
        (b"q d\n", r"line 1: expected `query 0 item grade` or `query item grade`, got 2 fields$"),
        (b"\t0\td\t1\n", r"line 1: expected a query and an item, got an empty one$"),
        (b"", r"qrels\.tsv: expected judgements, got none$"),
        (b"query-id\tcorpus-id\tscore\n", r"qrels\.tsv: expected judgements, got none$"),
        (b"q 0 \xff 1\n", r"qrels\.tsv: expected text in UTF-8, got: "),
        (b"q" * 2**17, r"line 1: expected fewer than 65536 bytes$"),
    ],
)
def test_unusable_qrels_are_named_with_their_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "qrels.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_qrels(path)


def test_files_that_are_not_there_or_not_whole(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.txt: expected a text file, got no such file$"):
        read_qrels(tmp_path / "absent.txt")
    packed = gzip.compress(TREC.encode() * 50)
    for name, content in (("cut.gz", packed[:-9]), ("other.gz", b"no archive")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=rf"{name}: expected a text file, got: "):
            read_qrels(tmp_path / name)


@pytest.mark.parametrize("item", ["", " d", "a\tb", "a\nb"])
def test_ids_that_would_not_be_read_back_are_not_written(tmp_path: Path, item: str) -> None:
    with pytest.raises(InputError, match=r"a\.tsv: expected ids without tabs and line breaks"):
        write_qrels(tmp_path / "a.tsv", {"q": {item: 1}})
    with pytest.raises(InputError, match=r"a\.trec: expected ids without spaces"):
        write_run(tmp_path / "a.trec", Run.from_scores({"q": {item: 1.0}}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "names",
    [("query_id", "doc_id", "relevance"), ("q_id", "doc_id", "score")],
    ids=["ir_measures", "ranx"],
)
def test_frames_as_other_tools_have_them(names: tuple[str, ...]) -> None:
    rows = [("q1", "d1", 2), ("q1", "d2", 0), ("q2", "d1", -1)]
    assert as_qrels(pd.DataFrame(rows, columns=list(names))) == QRELS
    run = as_run(pd.DataFrame(rows, columns=[names[0], "doc_id", "score"]))
    assert run.items == {"q1": ["d1", "d2"], "q2": ["d1"]}


def test_numbers_as_ids_become_strings() -> None:
    frame = pd.DataFrame({"query_id": [1], "doc_id": [7], "relevance": [1.0]})
    assert as_qrels(frame) == as_qrels({1: {7: np.int64(1)}}) == {"1": {"7": 1}}


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"query_id": ["q"], "doc_id": ["d"]}, "^qrels: expected a column relevance or score"),
        (
            {"query_id": ["q"], "doc_id": ["d"], "score": [float("nan")]},
            "^qrels, row 0: expected an integer as the grade, got nan",
        ),
    ],
)
def test_unusable_frames(frame: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        as_qrels(pd.DataFrame(frame))


def test_scores_rank_and_ties_keep_their_lines() -> None:
    run = read_run("q Q0 a 1 0.5 x\nq Q0 b 2 0.9 x\nq Q0 c 3 0.5 x\n")
    assert run.items == {"q": ["b", "a", "c"]}
    assert run.scores["q"].tolist() == [0.9, 0.5, 0.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q Q0 a 1 0.5 x\nq Q0 a 2 0.4 x\n", "line 2: expected each item once for a query, got"),
        ("q Q0 a 1 high x\n", "line 1: expected a number as the score, got 'high'"),
        ("q Q0 a 1 nan x\n", "line 1: expected a number as the score, got 'nan'"),
        ("q\tQ0\t \t1\t0.5\tx\n", "line 1: expected a query and an item, got an empty one"),
        ("q a 1\n", "line 1: expected `query Q0 item rank score name`, got 3 fields"),
        ("\n", "text: expected ranked lists, got none"),
    ],
)
def test_unusable_runs(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_run(text)


def test_rows_become_ids_and_rows_again() -> None:
    ranked = np.array([[2, 0, 1], [1, -1, -1]])
    run = Run.from_rows(ranked, ["p", "q"], ["a", "b", "c"])
    assert run.items == {"p": ["c", "a", "b"], "q": ["b"]}
    row_of = {"a": 0, "b": 1, "c": 2}
    np.testing.assert_array_equal(run.rows(["p", "q"], row_of, 3), ranked)
    # An item that nobody knows takes up its rank.
    assert run.rows(["x", "p"], {"b": 1}, 3).tolist() == [[-1, -1, -1], [-2, -2, 1]]


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_words(content: bytes) -> None:
    for read in (read_qrels, read_run):
        for source in (io.BytesIO(content), io.BytesIO(b"q 0 d 1 1 x\n" + content)):
            with contextlib.suppress(InputError):
                read(source)
