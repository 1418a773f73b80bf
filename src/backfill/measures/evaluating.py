"""Evaluation of runs by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from backfill import validate
from backfill.arrays import Float64s
from backfill.errors import InputError
from backfill.judgements import Judgements, as_qrels, as_run
from backfill.measures.lists import Lists
from backfill.measures.naming import parsed


@overload
def evaluate(
    run: Any,
    qrels: Any,
    measures: Sequence[str] = ...,
    *,
    reference: Any = ...,
    per_query: Literal[False] = ...,
) -> dict[str, float]: ...
@overload
def evaluate(
    run: Any,
    qrels: Any,
    measures: Sequence[str] = ...,
    *,
    reference: Any = ...,
    per_query: Literal[True],
) -> dict[str, dict[str, float]]: ...
def evaluate(
    run: Any,
    qrels: Any,
    measures: Sequence[str] = ("nDCG@10", "AP", "recall@100"),
    *,
    reference: Any = None,
    per_query: bool = False,
) -> dict[str, float] | dict[str, dict[str, float]]:
    """Measure ranked lists against judgements.

    A query that is judged and has no list counts as an empty list, and one that is not judged does
    not count. Nor does one without any relevant item, which trec_eval and ranx count as 0.

    Args:
        run: a :class:`Run`; query id -> item id -> score; a data frame; a TREC run file.
        qrels: query id -> item id -> grade; a data frame; a TREC or BEIR file; None if no measure
            needs judgements.
        measures: names, such as `nDCG@10`, `AP`, `RR@10`, `recall@100`, `hit@1`, `precision@5`,
            `overlap@10`, `flips@10`.
        reference: a run to compare with, for `overlap` and `flips`.
        per_query: whether to return the values of single queries.

    Returns:
        Name of the measure -> mean over queries; or name -> query id -> value, without the queries
        that do not count.

    Raises:
        InputError: a file or an argument cannot be used, a measure is unknown or lacks what it
            needs, or no query counts.
    """
    named = parsed(measures)
    validate.switch("per_query", per_query)
    runs = [as_run(source) for source in (run, reference) if source is not None]
    graded = None if qrels is None else as_qrels(qrels)
    queries = list(runs[0].items if graded is None else graded)
    if not set(queries) & set(runs[0].items):
        raise InputError(
            f"run: expected queries of the qrels, such as {queries[0]!r}, got none of them"
            if queries
            else "run: expected ranked lists, got none"
        )
    ids = dict.fromkeys(
        item for of in (*(one.items for one in runs), graded or {}) for q in of for item in of[q]
    )
    row_of = {item: row for row, item in enumerate(ids)}
    longest = max(len(items) for one in runs for items in one.items.values())
    cutoffs = [longest if one.k is None else one.k for one in named]
    depth = min(longest, max(cutoffs, default=1))
    lists = [one.rows(queries, row_of, depth) for one in runs]
    judged = None if graded is None else Judgements.from_qrels(graded, queries, list(ids))
    found = Lists(lists[0], judged, lists[1] if len(lists) > 1 else None)
    values = {name: one(found) for name, one in zip(measures, named, strict=True)}
    if per_query:
        return {name: _counted(queries, of) for name, of in values.items()}
    return {name: _mean(name, of) for name, of in values.items()}


def _counted(queries: Sequence[str], values: Float64s) -> dict[str, float]:
    rows = zip(queries, values.tolist(), strict=True)
    return {query: value for query, value in rows if value == value}


def _mean(name: str, values: Float64s) -> float:
    """Of the values that are not NaN."""
    kept = values[~np.isnan(values)]
    if not len(kept):
        raise InputError(f"{name}: expected a query that counts, got none with a relevant item")
    return float(kept.mean())
