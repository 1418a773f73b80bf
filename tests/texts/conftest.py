"""Two tiny models, and a folder of letters in BEIR's layout."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from .tiny import make_model


class Pair(NamedTuple):
    """Folders of two models."""

    old: str
    new: str


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    reason = "sentence-transformers, of the extra texts, is not installed"
    pytest.importorskip("sentence_transformers", reason=reason)
    folder = tmp_path_factory.mktemp("models")
    return Pair(make_model(folder / "old", 8, 0), make_model(folder / "new", 12, 1))


DOCUMENTS = [f"{'abcdefghij'[k % 10]}{'klmno'[k % 5]}{'pqrstuvw' * (k % 4)}" for k in range(50)]
QUERIES = ["ab", "ko", "pqr"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    (made / "qrels").mkdir(parents=True)
    for file, letter, texts in (("corpus", "d", DOCUMENTS), ("queries", "q", QUERIES)):
        rows = [{"_id": f"{letter}{k}", "text": text} for k, text in enumerate(texts)]
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        (made / f"{file}.jsonl").write_text(lines)
    (made / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq0\td7\t1\n")
    return made
