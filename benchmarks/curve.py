"""Time of a backfill curve, next to the least that it must compute and next to the usual ways.

    pip install -e '.[benchmarks]'
    python benchmarks/curve.py [queries] [gallery] [dimensions]

The table has backfill_curve with 11, 101 and all checkpoints; the two bare float32 matrix products
that any method has to compute; a stable argsort of the gallery per checkpoint in NumPy; and, for
the merged ranking at a single checkpoint, scikit-learn's average precision and ranx. The last three
run on a sample of the queries, and their times are scaled up. Each time is the best of three, all
in one process. The last column is the largest difference in average precision from brute force in
float64, halfway through the backfill.
"""

import argparse
import time
from collections.abc import Callable
from typing import Literal

import numpy as np
from numba import get_num_threads
from ranx import Qrels, Run, evaluate
from sklearn.metrics import average_precision_score

from backfill import machine
from backfill.arrays import Bools, Float32s, Float64s, Int64s
from backfill.retrieval import Relevance, backfill_curve

CLASSES = 100
COMPARED = 50  # queries whose average precision is compared


def best_of_three(runs: list[Callable[[], object]]) -> tuple[list[float], list[object]]:
    """The shortest of three times of each run, in seconds, and what each returned.

    The runs take turns. Whatever else slows the machine for a while then slows all of them.
    """
    best = [float("inf")] * len(runs)
    found: list[object] = [None] * len(runs)
    for _ in range(3):
        for i, run in enumerate(runs):
            start = time.perf_counter()
            found[i] = run()
            best[i] = min(best[i], time.perf_counter() - start)
    return best, found


def embeddings(labels: Int64s, dimensions: int, noise: float, seed: int) -> Float32s:
    """Unit vectors around one centre per class."""
    rng = np.random.default_rng(seed)
    rows: Float64s = rng.standard_normal((CLASSES, dimensions))[labels]
    rows += noise * rng.standard_normal(rows.shape)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def sort_per_checkpoint(
    old: Float32s, new: Float32s, positive: Bools, order: Int64s, fractions: int
) -> Float64s:
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
        parser.error("queries: expected at most as many as gallery items, since each query is one")

    labels = np.random.default_rng(0).permutation(np.arange(size) % CLASSES)
    old = embeddings(labels, dimensions, noise=3.0, seed=1)
    new = embeddings(labels, dimensions, noise=2.0, seed=2)
    order = np.random.default_rng(3).permutation(size)
    half = order[: round(size / 2)]
    relevance = Relevance.from_labels(
        labels[:queries], labels, ignore_self=True, query_positions=np.arange(queries)
    )

    space = np.zeros((queries, size), np.float32)  # fresh memory would slow the products

    def products() -> None:
        np.matmul(old[:queries], old.T, out=space)
        np.matmul(new[:queries], new.T, out=space)

    def curve(checkpoints: int | Literal["all"]) -> Float64s:
        before, after = (old[:queries], old), (new[:queries], new)
        found = backfill_curve(before, after, order, relevance, checkpoints=checkpoints)
        middle = int(np.argmin(np.abs(found.fraction * size - len(half))))
        return found.average_precision[:COMPARED, middle]

    def without_itself(q: int, old_row: Float32s, new_row: Float32s) -> tuple[Float32s, Float32s]:
        old_row[q] = new_row[q] = -2  # behind all other items, which is as good as left out
        return old_row, new_row

    def positives(q: int) -> Bools:
        return np.asarray((labels == labels[q]) & (np.arange(size) != q))

    some = min(COMPARED, queries)
    rows = [without_itself(q, old[q] @ old.T, new[q] @ new.T) for q in range(some)]
    done = np.isin(np.arange(size), half)
    merged = [np.where(done, new_row, old_row) for old_row, new_row in rows]
    run = {
        f"{q:06}": dict(zip([f"d{i}" for i in range(size)], row.tolist(), strict=True))
        for q, row in enumerate(merged)
    }
    qrels = Qrels(
        {f"{q:06}": {f"d{i}": 1 for i in np.flatnonzero(positives(q))} for q in range(some)}
    )

    def sorting(sample: int, checkpoints: int) -> Float64s:
        found = [
            sort_per_checkpoint(*rows[q], positives(q), order, checkpoints) for q in range(sample)
        ]
        return np.array(found)[:, checkpoints // 2]

    def scikit_learn() -> Float64s:
        return np.array([average_precision_score(positives(q), merged[q]) for q in range(some)])

    def ranx() -> Float64s:
        found = evaluate(qrels, Run(run), "map", return_mean=False)
        return np.asarray(found, np.float64)

    def brute_force(q: int) -> float:
        gallery = np.where(done[:, None], new, old).astype(np.float64)
        query = np.stack([new[q], old[q]]).astype(np.float64)
        query /= np.linalg.norm(query, axis=1, keepdims=True)
        similarity = np.where(done, *(query @ gallery.T)) / np.linalg.norm(gallery, axis=1)
        similarity[q] = -2
        hits = np.flatnonzero(positives(q)[np.argsort(-similarity, kind="stable")])
        return float(np.mean(np.arange(1, len(hits) + 1) / (hits + 1)))

    few = min(10, queries)
    runs: list[tuple[str, int, Callable[[], object]]] = [
        ("two float32 matrix products, bare", queries, products),
        ("backfill_curve, 11 checkpoints", queries, lambda: curve(11)),
        ("backfill_curve, 101 checkpoints", queries, lambda: curve(101)),
        ("backfill_curve, after every item", queries, lambda: curve("all")),
        ("NumPy stable argsort, 11 checkpoints", some, lambda: sorting(some, 11)),
        ("NumPy stable argsort, 101 checkpoints", few, lambda: sorting(few, 101)),
        ("scikit-learn average precision, 1 checkpoint", some, scikit_learn),
        ("ranx, 1 checkpoint", some, ranx),
    ]
    curve(2)  # compiles
    ranx()
    times, found = best_of_three([run for _, _, run in runs])
    bare = times[0]
    exact = np.array([brute_force(q) for q in range(some)])

    print(f"{queries} queries x {size} gallery items x {dimensions} dimensions, best of three")
    print(f"{machine.described()}, {get_num_threads()} Numba threads\n")
    print(f"{'':46}{'seconds':>9}{'ratio':>8}{'error':>10}  timed on")
    for (name, timed, _), seconds, values in zip(runs, times, found, strict=True):
        scaled = "all queries"
        if timed < queries:
            seconds = seconds * queries / timed + bare
            scaled = f"{timed} queries, scaled, plus the products"
        error = ""
        if isinstance(values, np.ndarray):
            error = f"{np.abs(values - exact[: len(values)]).max():.0e}"
        print(f"{name:46}{seconds:9.2f}{seconds / bare:8.1f}{error:>10}  {scaled}")


if __name__ == "__main__":
    main()
