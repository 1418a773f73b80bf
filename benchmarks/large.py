"""Time and memory of a curve over a gallery on disk, next to two exact searches with faiss.

    python benchmarks/large.py [gallery sizes ...] [--queries 1000] [--folder FOLDER]

For each size, a gallery of 128 dimensions in float16 is written for both systems. Each row of the
table is a process of its own: mAP@100 at 11 checkpoints, and the reference, the exact top 100 by
faiss's flat inner-product index, one search a system, over the same files. Memory is the peak of
the process as the operating system counts it. The last column is the largest error against the
curve that is known from how the gallery was made.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import faiss
import numpy as np

import gallery
from backfill.retrieval import Relevance, backfill_curve_at

K, CHECKPOINTS, BROKEN = 100, 11, 0.5


def ours(folder: Path, queries: int) -> float:
    """The largest error of mAP at any checkpoint."""
    size = len(np.load(folder / "old.npy", mmap_mode="r"))
    of = gallery.labels(size)
    chosen = np.arange(queries)
    old, new = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("old", "new"))
    before, after = (np.array(old[:queries]), old), (np.array(new[:queries]), new)
    relevance = Relevance.from_labels(of[:queries], of, True, chosen)
    order = np.random.default_rng(1).permutation(size)
    curve = backfill_curve_at(K, before, after, order, relevance, CHECKPOINTS)
    # Of these queries, and of their positives that this order has backfilled.
    apart = of[:queries] < BROKEN * (of.max() + 1)
    place = np.empty(size, np.int64)
    place[order] = np.arange(size)
    known = np.ones((queries, CHECKPOINTS))
    for query in np.flatnonzero(apart).tolist():
        places = place[relevance.positives(query)][:, None]
        known[query] = (places < np.rint(curve.fraction * size)).mean(axis=0)
    return float(np.abs(known.mean(axis=0) - curve.mean_average_precision).max())


def reference(folder: Path, queries: int) -> float:
    """Two exact searches; no curve to compare."""
    for name in ("old", "new"):
        rows = np.load(folder / f"{name}.npy", mmap_mode="r")
        index = faiss.IndexFlatIP(rows.shape[1])
        for first in range(0, len(rows), 2**20):
            index.add(np.array(rows[first : first + 2**20], np.float32))
        index.search(np.array(rows[:queries], np.float32), K)
    return float("nan")


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", type=int, default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--run", choices=["ours", "reference"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        start = time.perf_counter()
        error = {"ours": ours, "reference": reference}[arguments.run](
            arguments.folder, arguments.queries
        )
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(seconds, peak, error)
        return

    print(f"{arguments.queries} queries, k = {K}, {CHECKPOINTS} checkpoints, 128 dimensions\n")
    print(f"{'':34}{'seconds':>9}{'ratio':>8}{'GiB':>8}{'error':>10}")
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            folder, of = Path(name), gallery.labels(size)
            gallery.write(folder / "old.npy", of, broken=BROKEN, seed=1)
            gallery.write(folder / "new.npy", of, broken=0.0, seed=2)
            base = 0.0
            for run, title in (("reference", "two faiss flat searches"), ("ours", "one pass")):
                command = [sys.executable, __file__, "--run", run, "--folder", name]
                found = subprocess.run(
                    [*command, "--queries", str(arguments.queries)],
                    check=True, capture_output=True, text=True,
                )  # fmt: skip
                seconds, peak, error = map(float, found.stdout.split())
                base = base or seconds
                title = f"{size:>11,}  {title}"
                print(f"{title:34}{seconds:9.2f}{seconds / base:8.2f}{peak:8.2f}{error:10.1e}")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
