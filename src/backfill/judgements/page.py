"""A page on which people judge what two systems found; its answers are qrels."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Int64s
from backfill.artifacts import replacing
from backfill.errors import InputError
from backfill.judgements.qrels import checked_id

_HERE = Path(__file__).parent / "judging"
# Of a text; longer ones are cut, as nobody reads more before an answer.
_SHOWN = 5000


def pooled(old: ArrayLike, new: ArrayLike, k: int = 10) -> list[Int64s]:
    """Unite the first items of two systems, as people should judge them.

    Args:
        old: (Q, m) gallery rows of the old system's ranked lists; -1 where a list has ended.
        new: (Q, n) the same of the new system.
        k: how many of each.

    Returns:
        For each query the rows that are among the first k of either, each once, ascending.

    Raises:
        InputError: lists are not 2-D integers, or of different numbers of queries, or `k` is below
            1.
    """
    validate.count("k", k)
    first, second = validate.ranked("old", old)[:, :k], validate.ranked("new", new)[:, :k]
    validate.same_length("new", second, len(first), "old")
    unions = (np.union1d(*lists) for lists in zip(first, second, strict=True))
    return [union[union >= 0] for union in unions]


def write_page(
    path: str | os.PathLike[str],
    queries: Mapping[str, str],
    candidates: Mapping[str, Sequence[str]],
    texts: Callable[[str], str] | Mapping[str, str] | None = None,
    *,
    title: str = "Which results are relevant?",
    answers: str | None = None,
    seed: int = 0,
) -> None:
    """Write one HTML file that asks for a judgement of each candidate, with one key each.

    Candidates stand in random order, and nothing tells which system found them. The page needs no
    network. Its answers are kept in the browser and saved as qrels, which
    :func:`backfill.judgements.read_qrels` reads. 20 to 50 queries with the first ten of two systems
    take an hour or two.

    Args:
        path: of the page.
        queries: query id -> text to show.
        candidates: query id -> ids of the items to judge, such as :func:`pooled` finds them, in any
            order.
        texts: of the items, by id; without any the ids are shown.
        title: of the page.
        answers: name of the file that they are saved as; by default the page's, with `.qrels.tsv`
            at the end.
        seed: draws the order of each query's candidates.

    Raises:
        InputError: there is nothing to judge, a query has no text or an item no text, an id has
            tabs or line breaks in it, or the file cannot be written.
    """
    rng = np.random.default_rng(seed)
    text_of = _text_of(texts)
    asked = []
    for query, found in candidates.items():
        if query not in queries:
            raise InputError(f"queries: expected a text of query {query!r}, got none")
        items = [
            {"id": checked_id(path, item), "text": str(text_of(item))[:_SHOWN] or item}
            for item in rng.permutation(np.array(sorted(set(found)), object)).tolist()
        ]
        if items:
            asked.append({"id": checked_id(path, query), "text": queries[query], "items": items})
    if not asked:
        raise InputError("candidates: expected items to judge, got none")
    target = Path(path)
    with replacing(target) as temporary:
        page = _rendered(asked, title, answers or f"{target.stem}.qrels.tsv")
        temporary.write_text(page, encoding="utf-8", errors="replace")  # half a surrogate pair


def _text_of(texts: Callable[[str], str] | Mapping[str, str] | None) -> Callable[[str], str]:
    if texts is None:
        return str
    if callable(texts):
        return texts

    def of(item: str) -> str:
        if item not in texts:
            raise InputError(f"texts: expected a text of item {item!r}, got none")
        return texts[item]

    return of


def _rendered(asked: Sequence[Mapping[str, object]], title: str, file_name: str) -> str:
    # Not by reporting's `rendered`: what reads judgements would depend on how reports look.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined
    )
    # Answers of this page, and of no other that the same browser has shown.
    key = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    data = {"key": f"judging {key}", "file": file_name, "queries": asked}
    return environment.get_template("page.html.jinja").render(
        title=title, data=data, file_name=file_name
    )
