"""The page on which people judge, and queries that need nobody to judge."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.judgements import known_item_queries, pooled, read_qrels, write_page

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
QUERIES = {"q1": "red <b>shoes</b>", "q2": "blue"}
CANDIDATES = {"q1": ["d1", "d2", "d3"], "q2": ["d2"]}
TEXTS = {"d1": "</script><script>alert(1)</script>", "d2": "a & b", "d3": "three"}


def test_the_union_of_both_top_tens() -> None:
    found = pooled([[4, 1, 7], [0, -1, -1]], [[1, 2, 9], [3, 0, -1]], k=2)
    assert [rows.tolist() for rows in found] == [[1, 2, 4], [0, 3]]


def test_the_page_asks_nothing_of_the_network(tmp_path: Path) -> None:
    write_page(tmp_path / "judge.html", QUERIES, CANDIDATES, TEXTS)
    text = (tmp_path / "judge.html").read_text()
    assert "default-src 'none'" in text
    assert not re.findall(r"https?:|src=|url\(|@import|<link", text.replace("default-src", ""))


def test_texts_stay_texts(tmp_path: Path) -> None:
    write_page(tmp_path / "judge.html", QUERIES, CANDIDATES, TEXTS, title="<i>Which?")
    text = (tmp_path / "judge.html").read_text()
    assert "<b>" not in text.replace("<b>Save answers</b>", "")
    assert "alert(1)</script>" not in text
    assert "<i>" not in text


def test_order_is_drawn_and_does_not_tell_the_system(tmp_path: Path) -> None:
    def shown(seed: int, items: list[str]) -> list[str]:
        write_page(tmp_path / "judge.html", {"q": "?"}, {"q": items}, seed=seed)
        data = re.search(r'id="data">(.*?)</script>', (tmp_path / "judge.html").read_text())
        assert data is not None
        return [item["id"] for item in json.loads(data[1])["queries"][0]["items"]]

    items = [f"d{i}" for i in range(20)]
    assert shown(0, items) == shown(0, items[::-1] + items)
    assert sorted(shown(0, items)) == sorted(items)
    assert len({tuple(shown(seed, items)) for seed in range(3)} - {tuple(items)}) == 3


@pytest.mark.parametrize(
    ("queries", "candidates", "message"),
    [
        ({}, {"q": ["d1"]}, "queries: expected a text of query 'q', got none"),
        ({"q": ""}, {"q": ["d9"]}, "texts: expected a text of item 'd9', got none"),
        ({"q": ""}, {"q": []}, "candidates: expected items to judge, got none"),
        ({"a\tb": ""}, {"a\tb": ["d1"]}, "expected ids without tabs and line breaks"),
    ],
)
def test_unusable_questions(
    tmp_path: Path, queries: dict[str, str], candidates: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        write_page(tmp_path / "judge.html", queries, candidates, TEXTS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
def test_keys_answer_and_answers_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "judge.html"
    write_page(path, QUERIES, CANDIDATES, TEXTS)
    driver = """<script>
      const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key }));
      let saved;
      URL.createObjectURL = (blob) => { saved = blob; return "#"; };
      HTMLAnchorElement.prototype.click = () => {};
      ["1", "0", "1", "u", "0", "ArrowLeft", "ArrowLeft", "1"].forEach(press);
      document.getElementById("save").click();
      const stored = localStorage.getItem(JSON.parse(
        document.getElementById("data").textContent).key);
      saved.text().then((text) => {
        document.body.textContent = JSON.stringify([text, JSON.parse(stored).answers]);
      });
    </script>"""
    path.write_text(path.read_text().replace("</body>", driver + "</body>"))
    assert BROWSER is not None
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000"]
    shown = subprocess.run(
        [*command, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    body = re.search(r"<body>(.*)</body>", shown, re.DOTALL)
    assert body is not None
    saved, answers = json.loads(html.unescape(body[1]))
    assert answers == [1, 1, 0, None]  # the second was changed, the third undone and answered anew
    found = read_qrels(saved)
    assert list(found) == ["q1"]
    assert sorted(found["q1"]) == ["d1", "d2", "d3"]
    assert list(found["q1"].values()) == [1, 1, 0]


def test_a_title_finds_its_own_text() -> None:
    texts = {
        "a": ("Wing  theory", "On wings."),
        "b": ("", "No title."),
        "c": ("Wing theory", "Another."),
        "d": ("All there is", "All there is"),
        "e": ("Flaps", "On flaps."),
        "f": ("No text", " "),
    }
    found = known_item_queries(texts)
    assert found.queries == {"a": "Wing theory", "e": "Flaps"}
    assert found.qrels == {"a": {"a": 1, "c": 1}, "e": {"e": 1}}
    assert len(known_item_queries(texts, count=1).queries) == 1
    with pytest.raises(InputError, match=r"^texts: expected items with a title, got none"):
        known_item_queries({"b": ("", "No title.")})


def test_drawn_titles_are_the_same_again() -> None:
    texts = {str(i): (f"title {i}", "text") for i in range(50)}
    first = [known_item_queries(texts, 5, seed=s).queries for s in (0, 0, 1)]
    assert first[0] == first[1] != first[2]
    assert np.all([len(queries) == 5 for queries in first])
