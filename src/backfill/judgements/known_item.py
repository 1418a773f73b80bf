"""Queries without anybody's judgement: a title finds its own text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from backfill.errors import InputError
from backfill.judgements.qrels import Qrels


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
        InputError: no item has a title, or `count` is below 1.
    """
    if count is not None and count < 1:
        raise InputError(f"count: expected at least 1, got {count}")
    of_title: dict[str, list[str]] = {}
    for item, (title, text) in texts.items():
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
