"""Time of a backfill curve next to what it cannot do without, and next to the usual ways.

    python benchmarks/curve.py [queries] [gallery] [dimensions]

One table: backfill_curve with 11, with 101 and with all checkpoints, the two bare float32 matrix
products that any method has to compute, a stable argsort of the gallery per checkpoint in NumPy,
and scikit-learn's average precision at a single checkpoint. The last two run on a sample of the
queries and are scaled up. Best of three, all in one process.
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import Literal

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from backfill.retrieval import Relevance, backfill_curve

Float32s = NDArray[np.float32]
Int64s = NDArray[np.int64]

CLASSES = 100


def best_of_three(runs: list[Callable[[], object]]) -> list[float]:
    """Shortest of three times of each run, in seconds.

    The runs take turns, so that whatever else slows the machine for a while slows all of them.
    """
    best = [float("inf")] * len(runs)
    for _ in range(3):
        for i, run in enumerate(runs):
            start = time.perf_counter()
            run()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


def embeddings(labels: Int64s, dimensions: int, noise: float, seed: int) -> Float32s:
    """Unit vectors around one centre per class."""
    rng = np.random.default_rng(seed)
    rows: NDArray[np.float64] = rng.standard_normal((CLASSES, dimensions))[labels]
    rows += noise * rng.standard_normal(rows.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def sort_per_checkpoint(
    old: Float32s, new: Float32s, positive: NDArray[np.bool_], order: Int64s, fractions: int
) -> NDArray[np.float64]:
    """Average precision of one query, (T,), from its similarities (N,) and positives (N,)."""
    merged = old.copy()
    precision = np.empty(fractions)
    done = 0
    for t, fraction in enumerate(np.linspace(0, 1, fractions)):
        stop = round(float(fraction) * len(order))
        merged[order[done:stop]] = new[order[done:stop]]
        done = stop
        hits = np.flatnonzero(positive[np.argsort(-merged, kind="stable")])
        precision[t] = np.mean(np.arange(1, len(hits) + 1) / (hits + 1))
    return precision


def cpu_model() -> str:
    """Name of the processor, where Linux tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            ]
    except OSError:
        names = []
    return names[0] if names else "unknown processor"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name, default in [("queries", 10_000), ("gallery", 10_000), ("dimensions", 128)]:
        parser.add_argument(name, nargs="?", type=int, default=default)
    arguments = parser.parse_args()
    queries, size, dimensions = arguments.queries, arguments.gallery, arguments.dimensions
    if queries > size:
        parser.error("each query is left out of its own ranking: queries <= gallery")

    labels = np.random.default_rng(0).permutation(np.arange(size) % CLASSES)
    old = embeddings(labels, dimensions, noise=3.0, seed=1)
    new = embeddings(labels, dimensions, noise=2.0, seed=2)
    order = np.random.default_rng(3).permutation(size)
    relevance = Relevance.from_labels(
        labels[:queries], labels, ignore_self=True, query_positions=np.arange(queries)
    )

    space = np.zeros((queries, size), np.float32)  # else fresh memory would slow the products

    def products() -> None:
        np.matmul(old[:queries], old.T, out=space)
        np.matmul(new[:queries], new.T, out=space)

    def curve(checkpoints: int | Literal["all"]) -> None:
        before, after = (old[:queries], old), (new[:queries], new)
        backfill_curve(before, after, order, relevance, checkpoints=checkpoints)

    old_rows, new_rows = old[:100] @ old.T, new[:100] @ new.T

    def without_itself(q: int) -> tuple[Float32s, Float32s, NDArray[np.bool_]]:
        positive = labels == labels[q]
        positive[q] = False
        old_row, new_row = old_rows[q].copy(), new_rows[q].copy()
        old_row[q] = new_row[q] = -2  # behind everything, which is as good as left out
        return old_row, new_row, positive

    def sorting(sample: int, checkpoints: int) -> None:
        for q in range(sample):
            sort_per_checkpoint(*without_itself(q), order, checkpoints)

    def scikit_learn(sample: int) -> None:
        for q in range(sample):
            _, new_row, positive = without_itself(q)
            average_precision_score(positive, new_row)

    few, some, many = (min(sample, queries) for sample in (10, 50, 100))
    runs: list[tuple[str, int, Callable[[], object]]] = [
        ("two float32 matrix products, bare", queries, products),
        ("backfill_curve, 11 checkpoints", queries, lambda: curve(11)),
        ("backfill_curve, 101 checkpoints", queries, lambda: curve(101)),
        ("backfill_curve, after every item", queries, lambda: curve("all")),
        ("NumPy stable argsort, 11 checkpoints", some, lambda: sorting(some, 11)),
        ("NumPy stable argsort, 101 checkpoints", few, lambda: sorting(few, 101)),
        ("scikit-learn average precision, 1 checkpoint", many, lambda: scikit_learn(many)),
    ]
    curve(2)  # compiles
    times = best_of_three([run for _, _, run in runs])
    bare = times[0]

    print(f"{queries} queries x {size} gallery items x {dimensions} dimensions, best of three")
    print(f"{cpu_model()}, {os.cpu_count()} cores, {get_num_threads()} Numba threads\n")
    print(f"{'':46}{'seconds':>9}{'ratio':>8}  timed on")
    for (name, timed, _), seconds in zip(runs, times, strict=True):
        scaled = "all queries"
        if timed < queries:
            seconds = seconds * queries / timed + bare
            scaled = f"{timed} queries, scaled, plus the products"
        print(f"{name:46}{seconds:9.2f}{seconds / bare:8.1f}  {scaled}")


if __name__ == "__main__":
    main()
