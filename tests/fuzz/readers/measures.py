"""Public functions of measures and judgements, with arguments that nobody should give."""

from __future__ import annotations

from typing import Any

import numpy as np

from backfill.judgements import (
    Judgements,
    Run,
    as_qrels,
    as_run,
    known_item_queries,
    pooled,
    read_qrels,
    read_run,
)
from backfill.measures import carry_threshold, evaluate, of_queries, parse
from fuzz.registry import call

QRELS = {"q1": {"a": 1, "b": 0}, "q2": {"c": 2}}
RUN = {"q1": {"a": 0.9, "b": 0.8, "c": 0.1}, "q2": {"c": 0.5, "a": 0.2}}


@call(evaluate, share=1.5)
def _evaluate() -> dict[str, Any]:
    return {
        "run": {q: dict(of) for q, of in RUN.items()},
        "qrels": {q: dict(of) for q, of in QRELS.items()},
        "measures": ["nDCG@10", "AP", "recall@2", "overlap@2"],
        "reference": {q: dict(of) for q, of in RUN.items()},
        "per_query": False,
    }


@call(parse, k_of_5000_digits={"name": "nDCG@" + "9" * 5000}, k_of_zero={"name": "nDCG@0"})
def _parse() -> dict[str, Any]:
    return {"name": "nDCG@10"}


@call(of_queries, k_of_a_billion={"measures": ["nDCG@1000000000"]})
def _of_queries() -> dict[str, Any]:
    labels = np.arange(12) % 3
    return {
        "measures": ["nDCG@2", "AP"],
        "ranked": np.argsort(np.random.default_rng(0).random((12, 12)), axis=1),
        "judgements": Judgements.from_labels(labels, labels),
        "reference": np.argsort(np.random.default_rng(1).random((12, 12)), axis=1),
    }


@call(
    carry_threshold,
    a_trillion_resamples={"resamples": 10**12},
    half_a_resample={"resamples": 0.5},
    level_of_two={"level": 2.0},
)
def _carry() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "old_scores": rng.random(40),
        "new_scores": rng.random(40),
        "threshold": 0.5,
        "relevant": rng.random(40) < 0.5,
        "weights": rng.random(40) + 0.1,
        "groups": np.arange(40) % 7,
        "level": 0.9,
        "resamples": 20,
        "seed": 0,
    }


@call(Judgements.from_qrels)
def _from_qrels() -> dict[str, Any]:
    qrels = {q: dict(of) for q, of in QRELS.items()}
    return {"qrels": qrels, "query_ids": ["q1", "q2"], "ids": ["a", "b", "c"]}


@call(
    Judgements.from_labels,
    uint64_of_2_64={"query_labels": np.full(3, -1), "labels": np.full(3, 2**64 - 1, "u8")},
)
def _from_labels() -> dict[str, Any]:
    return {"query_labels": np.arange(4), "labels": np.arange(9) % 4}


@call(as_qrels)
def _as_qrels() -> dict[str, Any]:
    return {"source": {q: dict(of) for q, of in QRELS.items()}}


@call(as_run)
def _as_run() -> dict[str, Any]:
    return {"source": {q: dict(of) for q, of in RUN.items()}}


@call(read_qrels, "read_qrels of text")
def _read_qrels() -> dict[str, Any]:
    return {"source": "q1 0 a 1\nq2 0 b 0\n"}


@call(read_run, "read_run of text")
def _read_run() -> dict[str, Any]:
    return {"source": "q1 Q0 a 1 0.5 x\nq2 Q0 b 1 0.2 x\n"}


@call(Run.from_scores)
def _from_scores() -> dict[str, Any]:
    return {"scores": {q: dict(of) for q, of in RUN.items()}}


@call(Run.from_rows)
def _from_rows() -> dict[str, Any]:
    return {
        "ranked": np.array([[0, 1], [2, -1]]),
        "query_ids": ["q1", "q2"],
        "ids": ["a", "b", "c"],
        "scores": np.array([[0.9, 0.1], [0.5, 0.0]]),
    }


@call(pooled)
def _pooled() -> dict[str, Any]:
    return {"old": np.array([[0, 1], [2, -1]]), "new": np.array([[1, 2], [0, 1]]), "k": 2}


@call(known_item_queries)
def _known() -> dict[str, Any]:
    texts = {f"d{k}": (f"title {k}", f"text {k}") for k in range(6)}
    return {"texts": texts, "count": 3, "seed": 0}
