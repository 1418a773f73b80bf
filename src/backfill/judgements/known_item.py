"""Queries without anybody's judgement: a title finds its own text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from backfill import validate
from backfill.errors import InputError
from backfill.judgements.qrels import Qrels
from backfill.reading.files import short


class KnownItems(NamedTuple):
    """Queries whose answers are known.

    Attributes:
        queries: query id -> text.
        qrels: query id -> item id -> 1.
    """

    queries: dict[str, str]
    qrels: Qrels


def known_item_queries(
    texts: Mapping[str, tuple[str, str]], count: int | None = None, seed: int = 0
) -> KnownItems:
    """Make a query of each title, which its own text answers.

    The gallery should then hold embeddings of the texts *without* titles: a title that is part of
    what it has to find is found by any model. What this measures is a search for a text that one
    knows, which is easier than a search for an answer, and several systems may be equally good at
    it.

    Args:
        texts: item id -> (title, text), as BEIR's corpus.jsonl has them. Items without a title or
            without a text are left out, as are titles that are the whole text. Items of one title
            all answer the same query.
        count: how many queries to draw; by default all.
        seed: draws them.

    Returns:
        The queries, whose ids are those of the first item with the title, and their qrels.

    Raises:
        InputError: no item has a title, `count` is below 1, or texts are no pairs of strings.
    """
    if count is not None:
        validate.count("count", count)
    validate.seed("seed", seed)
    of_title: dict[str, list[str]] = {}
    for item, (title, text) in _pairs(texts):
        words = " ".join(title.split())
        if words and text.strip() and words != " ".join(text.split()):
            of_title.setdefault(words, []).append(item)
    if not of_title:
        raise InputError("texts: expected items with a title, got none")
    titles = list(of_title)
    if count is not None and count < len(titles):
        drawn = np.random.default_rng(seed).choice(len(titles), count, replace=False)
        titles = [titles[at] for at in sorted(drawn.tolist())]
    return KnownItems(
        {of_title[title][0]: title for title in titles},
        {of_title[title][0]: dict.fromkeys(of_title[title], 1) for title in titles},
    )


def _pairs(texts: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    """Items with their titles and texts, which are strings."""
    if not isinstance(texts, Mapping):
        raise InputError(f"texts: expected item -> (title, text), got {short(texts)}")
    for item, pair in texts.items():
        right = isinstance(pair, tuple | list) and len(pair) == 2
        if not right or not all(isinstance(part, str) for part in pair):
            raise InputError(f"texts[{short(item)}]: expected (title, text), got {short(pair)}")
        yield item, (pair[0], pair[1])
