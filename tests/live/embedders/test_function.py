"""A function of the user's, of a module beside the migration's file."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from backfill.errors import InputError
from backfill.live.embedders import EMBEDDERS, Unavailable
from backfill.live.embedders.function import PythonSettings, python

CODE = """
import sibling_of_embedding

calls = []

def documents(texts):
    calls.append(texts)
    return [[len(text), sibling_of_embedding.ONE] for text in texts]

def queries(texts):
    return [[1.0, -1.0]] * len(texts)

def failing(texts):
    calls.append(texts)
    raise RuntimeError("no\\nmodel hunter22")

def fewer(texts):
    return [[1.0, 2.0]]

value = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "my_embedding.py").write_text(CODE)
    (tmp_path / "sibling_of_embedding.py").write_text("ONE = 1")
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("my_embedding", "sibling_of_embedding"):
        sys.modules.pop(name, None)


def settings(folder: Path, **more: Any) -> PythonSettings:
    given = {"provider": "python", "function": "my_embedding:documents"} | more
    found = EMBEDDERS["python"].settings.model_validate(given, context={"folder": folder})
    assert isinstance(found, PythonSettings)
    return found


def test_it_is_found_beside_the_file_and_called_with_lists_of_texts(folder: Path) -> None:
    embedder = python(settings(folder, batch_size=2))
    rows = embedder.documents(("", "abc", "a")).vectors
    np.testing.assert_allclose(rows[:, 0] / rows[:, 1], [0, 3, 1], atol=1e-6)
    assert sys.modules["my_embedding"].calls == [["", "abc"], ["a"]]
    np.testing.assert_array_equal(embedder.queries(["abc"]).vectors, rows[1:2])


def test_queries_may_have_a_function_of_their_own(folder: Path) -> None:
    embedder = python(settings(folder, query_function="my_embedding:queries"))
    assert embedder.queries(["a"]).vectors[0, 1] < 0 < embedder.documents(["a"]).vectors[0, 1]


def test_the_folder_hides_no_other_package_afterwards(folder: Path) -> None:
    python(settings(folder))
    assert sys.path.index(str(folder)) == len(sys.path) - 1


@pytest.mark.parametrize(
    ("code", "function", "message"),
    [
        ("", "my_embedding:none", "AttributeError"),
        ("", "no_such_module_here:f", "ModuleNotFoundError"),
        ("def f(:", "broken_embedding:f", "SyntaxError"),
        ("1 / 0", "broken_embedding:f", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "broken_embedding:f", "SystemExit: 3"),
        ("", "my_embedding:value", "expected a function, got my_embedding:value, a int"),
    ],
)
def test_a_function_that_is_not_there_is_named(
    folder: Path, code: str, function: str, message: str
) -> None:
    (folder / "broken_embedding.py").write_text(code)
    with pytest.raises(InputError, match=f"^function: expected a function .*{message}|{message}"):
        python(settings(folder, function=function))
    sys.modules.pop("broken_embedding", None)


@pytest.mark.parametrize("function", ["f", "a:b:c", "../a:f", "a:f()", "a b:c", ":f"])
def test_only_a_module_and_a_name_are_taken(folder: Path, function: str) -> None:
    with pytest.raises(ValidationError, match="match pattern"):
        settings(folder, function=function)


def test_what_it_raises_is_tried_again_and_then_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANY_TOKEN", "hunter22")
    embedder = python(settings(folder, function="my_embedding:failing", patience=0.4))
    message = (
        r"^my_embedding:failing: expected 1 vector of one width, got RuntimeError: no model "
        r"\*\*\*; tried (\d) times in \d s$"
    )
    with pytest.raises(Unavailable, match=message) as raised:
        embedder.documents(["a"])
    tries = int(re.search(message, str(raised.value))[1])
    assert len(sys.modules["my_embedding"].calls) == tries > 1


def test_fewer_vectors_than_texts_are_refused(folder: Path) -> None:
    embedder = python(settings(folder, function="my_embedding:fewer", patience=0))
    with pytest.raises(Unavailable, match="expected 2 vectors of one width, got 1 vectors"):
        embedder.documents(["a", "b"])


def test_its_revision_changes_its_identity(folder: Path) -> None:
    first, second = (python(settings(folder, revision=each)) for each in ("", "2"))
    assert first.identity == '{"function": "my_embedding:documents", "provider": "python"}'
    assert first.identity != second.identity
