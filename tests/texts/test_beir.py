"""Files of texts: what is read, and what each mistake in them says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from backfill.errors import InputError
from backfill.texts.beir import Texts, opened


def write(path: Path, *rows: Any) -> Path:
    """One line per row: JSON of it, or the text that it is."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def test_a_title_comes_before_its_text(tmp_path: Path) -> None:
    path = write(
        tmp_path / "corpus.jsonl",
        {"_id": "a", "title": "Wings", "text": "fly.", "metadata": {}},
        {"_id": 7, "title": None, "text": " alone "},
        {"_id": "c", "title": "Only", "text": ""},
    )
    assert Texts.read(path).ids == ["a", "7", "c"]
    assert [item.text for item in opened(path)] == ["Wings fly.", "alone", "Only"]


def test_texts_without_a_word_are_counted(tmp_path: Path) -> None:
    rows = [{"_id": str(k), "text": " " * k} for k in range(3)]
    assert Texts.read(write(tmp_path / "queries.jsonl", *rows)).empty == [0, 1, 2]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{'_id'", "line 2: Expecting property name"),
        ("", "line 2: Expecting value"),
        ('["b", "text"]', "line 2: expected a JSON object with '_id' and 'text', got"),
        ('{"text": "b"}', "line 2: _id: expected a name in one line, got none"),
        ('{"_id": "b\\nc", "text": "b"}', "line 2: _id: expected a name in one line, got 'b"),
        ('{"_id": true, "text": "b"}', "line 2: _id: expected a name in one line, got True"),
        ('{"_id": "b", "text": null}', "line 2: text: expected a string, got None"),
        ('{"_id": "b", "text": "b", "title": 3}', "line 2: title: expected a string, got 3"),
        ('{"_id": "b", "text": "\\ud800"}', "line 2: 'utf-8' codec can't encode"),
        ("[" * 100_000, "line 2: "),
        ('{"_id": "a", "text": "again"}', "expected each _id once, got 'a' in lines 1 and 2"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path / "corpus.jsonl", {"_id": "a", "text": "one"}, line)
    with pytest.raises(InputError, match=f"corpus.jsonl: {re.escape(message)}"):
        Texts.read(path)


def test_bytes_that_are_no_text_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_bytes(b'{"_id": "a", "text": "\xff"}\n')
    with pytest.raises(InputError, match=r"corpus.jsonl: line 1: 'utf-8' codec can't decode"):
        Texts.read(tmp_path / "corpus.jsonl")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"corpus\.jsonl: expected lines, got no such file"):
        Texts.read(tmp_path / "corpus.jsonl")
