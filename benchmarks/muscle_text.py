"""MUSCLE's claim on texts: how many queries flip with its adapter, and without it.

    python benchmarks/muscle_text.py FOLDER [--old minilm_l3] [--new minilm_l6]

FOLDER holds `labels.npy` and one (N, D) file of embeddings for each model, such as BANKING77's
questions and their intents. The first 10,003 texts are cut by a seeded permutation into 2,000 that
transforms learn from, 1,000 on which the temperature was chosen (`--validation`), and the gallery;
the others are queries. Each method ranks waiting items by old queries and backfilled ones by new
queries, as rm_naive does. NFR is the share of the old system's right queries (top 1) that
are wrong: mean over the backfill, and at its end. With `--unseen 37`, so many intents are left out
of training, and all queries are of these.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter

from backfill import machine, transforms
from backfill.arrays import Float32s
from backfill.params import load_params
from backfill.params.rows.transforms import Transform
from backfill.retrieval import Relevance, backfill_curve, negative_flip_rate, query_auc_map

TRAINED, VALIDATION, PUBLISHED = 2000, 1000, 10_003
SEEDS = (0, 1, 2)
ROWS: dict[str, dict[str, Any]] = {
    "rho": {"modules": {"rho": ["new"]}, "loss": "cl", "before": "rho"},
    "muscle": {
        "modules": {"adapter": ["new"]}, "loss": "muscle", "before": "old", "after": "adapter",
        "temperature": 0.1,
    },
}  # fmt: skip


def unit(path: Path) -> Float32s:
    """Embeddings of a model, of unit length."""
    values = np.load(path).astype(np.float32)
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


def main() -> None:
    """Print a row for each method."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--old", default="minilm_l3")
    parser.add_argument("--new", default="minilm_l6")
    parser.add_argument("--unseen", type=int, default=0, help="intents that training does not see")
    parser.add_argument("--validation", action="store_true")
    given = parser.parse_args()
    machine.use_threads(1)

    labels = np.load(given.folder / "labels.npy")
    old, new = (unit(given.folder / f"{name}.npy") for name in (given.old, given.new))
    cut = np.random.default_rng(0).permutation(PUBLISHED)
    fit, held, gallery = np.split(cut, [TRAINED, TRAINED + VALIDATION])
    queries = held if given.validation else np.arange(PUBLISHED, len(labels))
    hidden = np.random.default_rng(1).permutation(np.unique(labels))[: given.unseen]
    if given.unseen:
        fit = fit[~np.isin(labels[fit], hidden)]
        queries = queries[np.isin(labels[queries], hidden)]
    relevance = Relevance.from_labels(labels[queries], labels[gallery])
    before = old[queries], old[gallery]
    orders = [np.random.default_rng(seed).permutation(len(gallery)) for seed in SEEDS]
    floor = backfill_curve(before, before, orders[0], relevance)

    def adapted(name: str, seed: int) -> tuple[Float32s, ...]:
        """Queries and gallery by a transform, trained under one seed."""
        common = {"old": "old", "new": "new", "trains_on": "texts/all"}
        row: Transform = TypeAdapter(Transform).validate_python(common | ROWS[name])
        model = transforms.train(
            row, row.training(load_params().transform),
            {"old": old[None, fit], "new": new[None, fit]}, labels[fit],
            seed=seed, device=torch.device("cpu"),
        )  # fmt: skip
        module = next(iter(row.modules))
        return tuple(
            transforms.apply(model, {"old": old[of], "new": new[of]}, torch.device("cpu"))[module]
            for of in (queries, gallery)
        )

    print(f"{given.old} -> {given.new}, {len(fit):,} texts to learn from, "
          f"{len(queries):,} queries, {len(gallery):,} items")  # fmt: skip
    print("method        AUC_mAP   mAP 0 -> 100%   CMC@1 at 100%   NFR mean   NFR at 100%")
    for name in ("old", "rm_naive", "rho", "muscle"):
        curves = []
        for seed, order in zip(SEEDS, orders, strict=True):
            plain = {"old": before, "rm_naive": (new[queries], new[gallery])}
            query, items = plain[name] if name in plain else adapted(name, seed)
            curves.append(backfill_curve(before, (query, items), order, relevance))
        flips = 100 * np.mean([negative_flip_rate(floor, c, 1) for c in curves], axis=0)
        merged = 100 * np.mean([c.mean_average_precision for c in curves], axis=0)
        hits = 100 * np.mean([c.hits[1][:, -1].mean() for c in curves])
        area = 100 * np.mean([np.nanmean(query_auc_map(c)) for c in curves])
        print(f"{name:12} {area:8.1f} {merged[0]:10.1f} -> {merged[-1]:4.1f} {hits:15.1f} "
              f"{flips.mean():10.2f} {flips[-1]:13.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
