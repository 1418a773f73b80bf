"""Public functions of retrieval, orders and align, with arguments that nobody should give."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

from typing import Any

import numpy as np

from backfill import align
from backfill.relevance import Relevance
from backfill.results import BackfillCurve
from backfill.retrieval import (
    Calibration,
    Index,
    backfill_curve,
    backfill_curve_at,
    bootstrap_gain,
    bootstrap_mean,
    bootstrap_statistic,
    distance_histograms,
    draw_arrivals,
    gain,
    negative_flip_rate,
    query_auc_cmc,
    worst_step,
)
from fuzz.registry import call

N, Q = 30, 30
LABELS = np.arange(N) % 4


def _rows(seed: int, width: int, count: int = N) -> Any:
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def _relevance() -> Relevance:
    return Relevance.from_labels(LABELS, LABELS, ignore_self=True)


def _systems() -> dict[str, Any]:
    old, new = _rows(0, 5), _rows(1, 6)
    return {
        "before": (old, old.copy()),
        "after": (new, new.copy()),
        "order": np.random.default_rng(2).permutation(N),
        "relevance": _relevance(),
        "checkpoints": 4,
        "top_k": (1, 5),
        "arriving": np.arange(N) % 7 == 0,
    }


_HUGE = _rows(3, 5).astype(float) * 1e300
_SYSTEM_CASES: dict[str, Any] = {
    "no_relevance": {"relevance": None},
    "float64_of_1e300": {"before": (_HUGE, _HUGE)},
    "ten_million_checkpoints": {"checkpoints": 10_000_000},
    "a_billion_checkpoints": {"checkpoints": 10**9},
    "five_and_a_half_checkpoints": {"checkpoints": 5.5},
    "a_top_k_of_2_31": {"top_k": [2**31]},
    "a_top_k_of_floats": {"top_k": [1.5]},
    "a_top_k_of_one_number": {"top_k": 5},
    "ragged_systems": {"before": ([[1.0], [1.0, 2.0]], [[1.0]])},
}


@call(backfill_curve, share=1.5, **_SYSTEM_CASES)
def _curve() -> dict[str, Any]:
    return _systems() | {"merge": "distance", "map_at": 7, "trapezoidal": False}


@call(
    backfill_curve,
    "backfill_curve, calibrated",
    no_calibration={"calibration": None},
    a_background_of_half=({"calibration": 0.5}),
)
def _calibrated() -> dict[str, Any]:
    return _systems() | {"merge": "z_score", "calibration": Calibration(10, 0), "map_at": None}


@call(
    backfill_curve_at,
    share=1.5,
    k_of_a_million={"k": 1_000_000},
    k_of_2_31={"k": 2**31},
    k_of_2_63={"k": 2**63},
    k_of_half={"k": 0.5},
    no_k={"k": None},
    no_block_rows={"block_rows": 0},
    block_rows_of_half={"block_rows": 0.5},
    **_SYSTEM_CASES,
)
def _curve_at() -> dict[str, Any]:
    return {"k": 7, **_systems(), "block_rows": 100}


@call(
    Index,
    effort_of_half={"effort": 0.5},
    effort_of_2_63={"effort": 2**63},
    HNSW0={"description": "HNSW0"},
    IVF0={"description": "IVF0,Flat"},
    IVF_of_a_billion={"description": "IVF1000000000,Flat"},
)
def _index() -> dict[str, Any]:
    return {"description": "IVF4,Flat", "effort": 4, "recall_queries": 10}


@call(Calibration)
def _calibration() -> dict[str, Any]:
    return {"background": 10, "seed": 0, "given": (_rows(0, 5), _rows(1, 6))}


@call(
    distance_histograms,
    half_a_bin={"bins": 0.5},
    a_billion_bins={"bins": 10**9},
    a_million_bins={"bins": 10**6},
    of_1e300={"query": _HUGE, "gallery": _HUGE},
    no_relevance={"relevance": None},
)
def _distances() -> dict[str, Any]:
    return {"query": _rows(0, 5), "gallery": _rows(1, 5), "relevance": _relevance(), "bins": 9}


@call(bootstrap_mean, half_a_resample={"resamples": 0.5}, a_trillion={"resamples": 10**12})
def _mean() -> dict[str, Any]:
    return {"per_query": np.linspace(0, 1, 20), "seed": 0, "resamples": 50, "level": 0.9}


@call(bootstrap_gain)
def _gain_interval() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    names = ("per_query", "per_query_old", "per_query_new")
    return {n: rng.random(20) for n in names} | {"seed": 0, "resamples": 50, "level": 0.9}


@call(bootstrap_statistic)
def _statistic() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    samples = {n: rng.random(20) for n in ("a", "b")}
    return {"samples": samples, "statistic": _difference, "seed": 0, "resamples": 50, "level": 0.9}


def _difference(a: Any, b: Any) -> Any:
    return a.mean(axis=-1) - b.mean(axis=-1)


@call(
    draw_arrivals,
    half_a_count={"count": 0.5},
    a_trillion={"count": 10**12},
    share_of_two={"share": 2.0},
    negative_share={"share": -0.5},
    share_of_nan={"share": float("nan")},
)
def _arrivals() -> dict[str, Any]:
    return {"count": N, "share": 0.2, "seed": 3}


@call(gain)
def _gain() -> dict[str, Any]:
    return {"auc": 0.5, "auc_old": 0.2, "auc_new": 0.7}


@call(worst_step)
def _worst() -> dict[str, Any]:
    return {"quality": np.linspace(0, 1, 5)}


def _found() -> BackfillCurve:
    rng = np.random.default_rng(0)
    return BackfillCurve(np.linspace(0, 1, 4), rng.random((6, 4)), {1: rng.random((6, 4)) < 0.5})


@call(negative_flip_rate)
def _flips() -> dict[str, Any]:
    return {"old_curve": _found(), "curve": _found(), "k": 1}


@call(query_auc_cmc)
def _cmc() -> dict[str, Any]:
    return {"curve": _found(), "k": 1}


@call(
    Relevance.from_labels,
    uint64_of_2_64={"query_labels": np.full(3, -1), "gallery_labels": np.full(3, 2**64 - 1, "u8")},
    ragged={"query_labels": [[1], [1, 2]]},
    floats={"gallery_labels": [0.5, 1.0]},
)
def _labels() -> dict[str, Any]:
    return {
        "query_labels": LABELS[:5],
        "gallery_labels": LABELS,
        "ignore_self": True,
        "query_positions": np.arange(5),
    }


@call(
    Relevance.from_lists,
    gallery_of_five_and_a_half={"gallery_size": 5.5},
    gallery_of_2_63={"gallery_size": 2**63},
    ragged={"positives": [[[1], [1, 2]]]},
    none={"positives": None},
)
def _lists() -> dict[str, Any]:
    return {"positives": [[1, 2], [0], []], "ignored": [[], [2], [3]], "gallery_size": 6}


@call(align.fit, share=1.5, of_1e300={"old": _HUGE})
def _fit() -> dict[str, Any]:
    return {"old": _rows(0, 5), "new": _rows(1, 6), "method": "ridge", "held_out": 0.3, "seed": 0}


@call(align.fit, "fit, residual")
def _residual() -> dict[str, Any]:
    return {"old": _rows(0, 5), "new": _rows(1, 6), "method": "residual", "seed": 0}


@call(align.fit_mix)
def _mix() -> dict[str, Any]:
    return {"old": _rows(0, 5), "new": _rows(1, 6), "held_out": 0.3, "seed": 0}


@call(align.Mix)
def _mix_of() -> dict[str, Any]:
    return {"weight": 0.5}


@call(align.choose_weight)
def _weight() -> dict[str, Any]:
    return {
        "old": _rows(0, 5),
        "mapped": _rows(1, 6),
        "new": _rows(2, 6),
        "k": 3,
        "weights": (0.2, 0.8),
    }


@call(align.slerp)
def _slerp() -> dict[str, Any]:
    return {"start": _rows(0, 5), "end": _rows(1, 5), "weight": 0.3}


@call(align.ridge)
def _ridge() -> dict[str, Any]:
    return {"source": _rows(0, 5), "target": _rows(1, 6), "strength": 0.1}


@call(align.procrustes)
def _procrustes() -> dict[str, Any]:
    return {"source": _rows(0, 5), "target": _rows(1, 6)}


@call(align.identity)
def _identity() -> dict[str, Any]:
    return {"source": _rows(0, 5), "target": _rows(1, 6)}


@call(align.choose_strength)
def _strength() -> dict[str, Any]:
    return {
        "source": _rows(0, 5), "target": _rows(1, 6), "strengths": (0.1, 1.0), "held_out": 0.3, "seed": 0, "judged": 1,
    }  # fmt: skip
