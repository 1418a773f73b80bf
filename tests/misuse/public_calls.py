"""Every public call with arguments that are right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from backfill import align, measures, orders, retrieval, transforms
from backfill.judgements import Judgements
from backfill.losses import (
    alignment,
    compatible,
    contrastive,
    distance,
    distillation,
    fastfill,
    muscle,
    nt_xent,
    uncertainty,
)
from backfill.losses.registry import Pair, TargetClasses
from backfill.orders import coverage, random, scores
from backfill.orders import uncertainty as uncertain_orders
from backfill.params.base import SystemSets
from backfill.params.rows.transforms import Alignment
from backfill.params.settings import TransformTraining
from backfill.results import MethodResult
from backfill.retrieval import Relevance, oracle
from backfill.transforms import mixing

Arguments = dict[str, Any]
RNG = np.random.default_rng(0)
QUERY, GALLERY = RNG.normal(size=(4, 3)), RNG.normal(size=(6, 3))
OLD, NEW = RNG.normal(size=(8, 3)).astype("f4"), RNG.normal(size=(8, 5)).astype("f4")
LABELS = [0, 1, 0, 1, 0, 1]
RELEVANCE = Relevance.from_labels(LABELS[:4], LABELS)
SYSTEM = (QUERY, GALLERY)
CURVE = retrieval.backfill_curve(SYSTEM, SYSTEM, np.arange(6), RELEVANCE, 3)
SAMPLES = [0.1, 0.5, 0.3, 0.9]
JUDGEMENTS = Judgements.from_labels([0, 1], [0, 1, 1])
RANKED = [[0, 1, 2], [2, 1, 0]]
MAP = align.fit(OLD, NEW)
FOLDER = Path(mkdtemp())
ROWS, CLASSES = torch.randn(4, 3), torch.tensor([0, 1, 0, 1])
SCORES = torch.randn(4, 2)
PAIR = Pair(ROWS, ROWS + 0.1)
TARGET = TargetClasses(torch.eye(2, 3), 16.0, CLASSES)
TRAINING = TransformTraining(
    form="layers", depth=2, width=4, steps=2, batch_size=4, learning_rate=0.003,
    weight_decay=0.0, temperature=0.1, mining=True, views="same",
)  # fmt: skip
ROW = Alignment(
    loss="alignment", old="old", new="new", trains_on="extended_class/new",
    modules={"psi": ["new"]}, before=SystemSets(query="psi", gallery="old"),
)  # fmt: skip
MODEL = transforms.Transforms(ROW, TRAINING, {"old": 3, "new": 5}).eval()
CPU = torch.device("cpu")


def _compatible() -> Arguments:
    return {"new": ROWS, "old": ROWS + 1, "positive": ROWS - 1, "labels": CLASSES}


_CURVE = {
    "before": SYSTEM, "after": SYSTEM, "order": [5, 4, 3, 2, 1, 0], "relevance": RELEVANCE,
    "checkpoints": 3, "top_k": (1,), "arriving": [False] * 6,
}  # fmt: skip
_BOOTSTRAP = {"seed": 0, "resamples": 20, "level": 0.9}

CALLS: dict[str, tuple[Callable[..., Any], Arguments]] = {
    "backfill_curve": (
        retrieval.backfill_curve,
        _CURVE
        | {
            "merge": "background_nearest",
            "map_at": 2,
            "trapezoidal": False,
            "calibration": retrieval.Calibration(3),
        },
    ),
    "backfill_curve_at": (
        lambda **of: retrieval.backfill_curve_at(**of),
        _CURVE | {"k": 2, "index": retrieval.Index("HNSW4", 4, 2), "block_rows": 4},
    ),
    "backfill_curve_at, exactly": (
        lambda **of: retrieval.backfill_curve_at(**of),
        _CURVE | {"k": 2, "block_rows": 4},
    ),
    "Calibration": (
        lambda **of: retrieval.backfill_curve(
            **_CURVE, merge="background_nearest", calibration=retrieval.Calibration(**of)
        ),
        {"background": 3, "seed": 0, "given": (GALLERY, GALLERY)},
    ),
    "Index": (retrieval.Index, {"description": "HNSW4", "effort": 4, "recall_queries": 2}),
    "Relevance": (
        Relevance,
        {
            "gallery_size": 3,
            "positive_set": np.array([0, 1]),
            "positive_indptr": np.array([0, 1, 2]),
            "positive_indices": np.array([0, 2]),
            "ignored_indptr": np.array([0, 0, 1]),
            "ignored_indices": np.array([1]),
        },
    ),
    "Relevance.from_labels": (
        Relevance.from_labels,
        {
            "query_labels": [0, 1],
            "gallery_labels": [0, 1, 1],
            "ignore_self": True,
            "query_positions": [0, 2],
        },
    ),
    "Relevance.from_lists": (
        Relevance.from_lists,
        {"positives": [[0, 1], [2]], "ignored": [[], [0]], "gallery_size": 3},
    ),
    "Relevance.among": (RELEVANCE.among, {"items": [0, 2]}),
    "Relevance.positives": (RELEVANCE.positives, {"query": 1}),
    "Relevance.ignored": (RELEVANCE.ignored, {"query": 1}),
    "bootstrap_mean": (retrieval.bootstrap_mean, {"per_query": SAMPLES, **_BOOTSTRAP}),
    "bootstrap_gain": (
        retrieval.bootstrap_gain,
        {
            "per_query": SAMPLES,
            "per_query_old": SAMPLES,
            "per_query_new": SAMPLES[::-1],
            **_BOOTSTRAP,
        },
    ),
    "bootstrap_statistic": (
        partial(retrieval.bootstrap_statistic, statistic=lambda a: a.mean(axis=-1)),
        {"samples": {"a": SAMPLES}, **_BOOTSTRAP},
    ),
    "distance_histograms": (
        retrieval.distance_histograms,
        {"query": QUERY, "gallery": GALLERY, "relevance": RELEVANCE, "bins": 5},
    ),
    "draw_arrivals": (retrieval.draw_arrivals, {"count": 5, "share": 0.5, "seed": 0}),
    "gain": (retrieval.gain, {"auc": 0.5, "auc_old": 0.2, "auc_new": 0.8}),
    "Conditions.of": (
        retrieval.Conditions.of,
        {"quality": [0.2, 0.4, 0.5], "old": 0.2, "new": 0.5},
    ),
    "worst_step": (retrieval.worst_step, {"quality": [0.2, 0.4, 0.3]}),
    "query_auc_map": (retrieval.query_auc_map, {"curve": CURVE}),
    "query_auc_cmc": (retrieval.query_auc_cmc, {"curve": CURVE, "k": 5}),
    "negative_flip_rate": (
        retrieval.negative_flip_rate,
        {"old_curve": CURVE, "curve": CURVE, "k": 1},
    ),
    "marginal_gains": (
        oracle.marginal_gains,
        {
            "before": SYSTEM,
            "after": SYSTEM,
            "backfilled": np.arange(6) < 3,
            "relevance": RELEVANCE,
            "queries": [0, 1],
        },
    ),
    "mean_gains": (
        oracle.mean_gains,
        {
            "before": SYSTEM,
            "after": SYSTEM,
            "relevance": RELEVANCE,
            "seed": 0,
            "states": 2,
            "queries": 2,
        },
    ),
    "nearest_as_positives": (
        oracle.nearest_as_positives,
        {"system": SYSTEM, "relevance": RELEVANCE, "neighbours": 2},
    ),
    "BackfillCurve": (
        retrieval.BackfillCurve,
        {
            "fraction": np.array([0.0, 1.0]),
            "average_precision": np.array([[0.5, 1.0]]),
            "hits": {1: np.array([[False, True]])},
            "recall": np.array([1.0, 0.9]),
            "trapezoidal": np.array([[0.5, 1.0]]),
        },
    ),
    "MethodResult.of_draws": (
        MethodResult.of_draws,
        {"results": [MethodResult("a", (CURVE,), {})]},
    ),
    "MethodResult.first": (MethodResult("a", (CURVE,), {}).first, {"draws": 1}),
    "measures.evaluate": (
        measures.evaluate,
        {
            "run": {"q": {"a": 0.9, "b": 0.1}},
            "qrels": {"q": {"a": 1}},
            "measures": ["AP", "overlap@2"],
            "reference": {"q": {"a": 0.1, "b": 0.2}},
            "per_query": False,
        },
    ),
    "measures.of_queries": (
        measures.of_queries,
        {
            "measures": ["AP", "nDCG@2", "flips@2"],
            "ranked": RANKED,
            "judgements": JUDGEMENTS,
            "reference": RANKED,
        },
    ),
    "measures.parse": (measures.parse, {"name": "AP@3"}),
    "Measure": (lambda **of: measures.Measure(**of), {"kind": "AP", "k": 3}),
    "Measure.__call__": (
        measures.Measure("AP", 2),
        {"lists": measures.Lists(np.array(RANKED), JUDGEMENTS)},
    ),
    "Lists": (
        measures.Lists,
        {"ranked": np.array(RANKED), "judgements": JUDGEMENTS, "reference": np.array(RANKED)},
    ),
    "carry_threshold": (
        measures.carry_threshold,
        {
            "old_scores": SAMPLES,
            "new_scores": SAMPLES[::-1],
            "threshold": 0.4,
            "relevant": [0, 1, 1, 1],
            "weights": [1, 2, 1, 1.5],
            "groups": [0, 0, 1, 2],
            "level": 0.9,
            "resamples": 10,
            "seed": 0,
        },
    ),
    "align.fit": (
        align.fit,
        {"old": OLD, "new": NEW, "method": "residual", "held_out": 0.2, "seed": 0},
    ),
    "align.fit_mix": (
        align.fit_mix,
        {"old": OLD, "new": NEW, "method": "ridge", "held_out": 0.2, "seed": 0},
    ),
    "align.ridge": (align.ridge, {"source": OLD, "target": NEW, "strength": 0.1}),
    "align.choose_strength": (
        align.choose_strength,
        {
            "source": OLD,
            "target": NEW,
            "strengths": [0.1, 1.0],
            "held_out": 0.2,
            "seed": 0,
            "judged": 3,
        },
    ),
    "align.procrustes": (align.procrustes, {"source": OLD, "target": NEW}),
    "align.identity": (align.identity, {"source": OLD, "target": NEW}),
    "align.choose_weight": (
        align.choose_weight,
        {"old": OLD, "mapped": NEW, "new": NEW, "k": 3, "weights": [0.0, 0.5]},
    ),
    "align.Mix": (align.Mix, {"weight": 0.5}),
    "Mix.join": (align.Mix(0.5).join, {"old": OLD, "new": NEW}),
    "align.slerp": (align.slerp, {"start": OLD, "end": OLD[::-1], "weight": 0.5}),
    "AffineMap.apply": (MAP.apply, {"embeddings": OLD}),
    "AffineMap": (align.AffineMap, {"weight": np.eye(3, 5, dtype="f4"), "bias": np.zeros(5, "f4")}),
    "KernelMap": (
        align.KernelMap,
        {
            "weight": np.eye(3, 5, dtype="f4"),
            "bias": np.zeros(5, "f4"),
            "landmarks": OLD[:2],
            "coefficients": NEW[:2],
            "width": 0.5,
        },
    ),
    "KernelMap.apply": (
        align.KernelMap(np.eye(3, 5, dtype="f4"), np.zeros(5, "f4"), OLD[:2], NEW[:2], 0.5).apply,
        {"embeddings": OLD},
    ),
    "align.apply_to": (
        align.apply_to,
        {
            "fitted": MAP,
            "source": OLD,
            "target": FOLDER / "mapped.npy",
            "block_rows": 3,
            "dtype": "float16",
            "progress": False,
        },
    ),
    "align.load": (align.load, {"path": FOLDER / "map.safetensors"}),
    "orders.coverage": (
        coverage.coverage,
        {"embeddings": OLD, "scores": SAMPLES * 2, "seed": 0, "cell_size": 2, "scored_share": 0.5},
    ),
    "orders.by_score": (scores.by_score, {"scores": SAMPLES}),
    "orders.shuffled": (random.shuffled, {"count": 5, "seed": 0}),
    "orders.least_confidence": (uncertain_orders.least_confidence, {"class_scores": OLD}),
    "orders.margin": (uncertain_orders.margin, {"class_scores": OLD}),
    "orders.entropy": (uncertain_orders.entropy, {"class_scores": OLD}),
    "orders.make": (
        partial(orders.make, inputs=SimpleNamespace(count=lambda: 5)),
        {"row": SimpleNamespace(kind="random"), "seeds": [0, 1]},
    ),
    "alignment": (alignment.alignment, {"query": ROWS, "gallery": ROWS + 1}),
    "vanilla": (compatible.vanilla, {**_compatible(), "temperature": 0.1, "hardest": 2}),
    "regression_alleviating": (
        compatible.regression_alleviating,
        {**_compatible(), "temperature": 0.1, "temperature_new": 0.2, "hardest": 2},
    ),
    "regression_alleviating_split": (
        compatible.regression_alleviating_split,
        {**_compatible(), "temperature": 0.1, "temperature_new": 0.2, "eta": 0.5, "hardest": 2},
    ),
    "class_level": (
        compatible.class_level,
        {"new_scores": SCORES, "new_to_old_scores": SCORES + 1, "targets": CLASSES},
    ),
    "triplet": (
        compatible.triplet,
        {**_compatible(), "margin": 0.1, "hardest": 2, "euclidean": True},
    ),
    "triplet_regression_alleviating": (
        compatible.triplet_regression_alleviating,
        {**_compatible(), "margin": 0.1, "hardest": 2, "euclidean": False},
    ),
    "contrastive": (
        contrastive.contrastive,
        {"query": ROWS, "gallery": ROWS + 1, "labels": CLASSES, "temperature": 1.0, "mining": True},
    ),
    "metric_compatible": (
        contrastive.metric_compatible,
        {"before": PAIR, "after": PAIR, "labels": CLASSES, "temperature": 1.0, "mining": True},
    ),
    "squared_distances": (distance.squared_distances, {"query": ROWS, "gallery": ROWS}),
    "hardest_half": (
        distance.hardest_half,
        {"distances": ROWS @ ROWS.T, "candidates": torch.eye(4) > 0, "farthest": True},
    ),
    "focal_distillation": (
        distillation.focal_distillation,
        {
            "new_scores": SCORES,
            "old_scores": SCORES + 1,
            "old_is_right": CLASSES > 0,
            "temperature": 1.0,
            "base": 1.0,
            "focus": 5.0,
        },
    ),
    "focal_feature_distillation": (
        distillation.focal_feature_distillation,
        {"new": ROWS, "old": ROWS + 1, "new_is_right": CLASSES > 0, "base": 1.0, "focus": 5.0},
    ),
    "point_to_class": (
        fastfill.point_to_class,
        {"embeddings": ROWS, "labels": CLASSES, "weight": torch.eye(2, 3), "scale": 16.0},
    ),
    "fastfill": (
        fastfill.fastfill,
        {
            "target": ROWS,
            "made": ROWS + 1,
            "classes": TARGET,
            "log_variance": torch.zeros(4),
            "class_weight": 0.5,
        },
    ),
    "muscle": (
        muscle.muscle,
        {"old": PAIR, "new": PAIR, "adapted": PAIR, "labels": CLASSES, "temperature": 1.0},
    ),
    "nt_xent": (nt_xent.nt_xent, {"first": ROWS, "second": ROWS + 1, "temperature": 0.5}),
    "under_uncertainty": (
        uncertainty.under_uncertainty,
        {"errors": torch.ones(4), "log_variance": torch.zeros(4)},
    ),
    "transforms.train": (
        transforms.train,
        {
            "row": ROW,
            "training": TRAINING,
            "views": {"old": OLD[None], "new": NEW[None]},
            "labels": np.arange(8) % 2,
            "seed": 0,
            "device": CPU,
        },
    ),
    "transforms.apply": (
        transforms.apply,
        {"model": MODEL, "stored": {"old": OLD, "new": NEW}, "device": CPU, "batch_size": 3},
    ),
    "transforms.save": (
        lambda model: transforms.save(model, FOLDER / "weights.safetensors"),
        {"model": MODEL},
    ),
    "transforms.Mlp": (transforms.Mlp, {"inputs": [3], "output": 2, "depth": 2, "width": 4}),
    "mixing.slerp": (mixing.slerp, {"start": ROWS, "end": -ROWS, "weight": 0.5}),
    "mixing.side_by_side": (mixing.side_by_side, {"first": ROWS, "second": SCORES, "weight": 0.5}),
}
MAP.save(FOLDER / "map.safetensors")
