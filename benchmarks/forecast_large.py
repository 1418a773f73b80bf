"""Time and memory of a forecast for a gallery on disk.

    python benchmarks/forecast_large.py WORK [--items 10000000]

The gallery has 384 dimensions in float16, 65,536 clusters, and a new space that is a rotation of
the old one with noise; 2,000 items and 1,000 queries are known in both. It is written into WORK
once (7.7 GB for 10 million items). The reference, in the same run, is a scan that reads the same
file and ranks it for the same queries by faiss alone, as a plain exact search of the old system.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import faiss
import numpy as np

from backfill.arrays import Array, Float32s

DIMENSIONS, CLUSTERS, SAMPLE, QUERIES = 384, 65_536, 2_000, 1_000
_ROWS = 2**16


def write(folder: Path, size: int) -> None:
    """Write old, new, sample and queries."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "queries_new.npy").exists():
        return
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CLUSTERS, DIMENSIONS), np.float32)
    rotation = np.linalg.qr(rng.standard_normal((DIMENSIONS, DIMENSIONS)))[0].astype(np.float32)

    def new(old: Float32s) -> Array:
        noise = rng.standard_normal(old.shape, np.float32)
        return np.asarray(old @ rotation + 0.5 * noise, np.float16)

    shape = (size, DIMENSIONS)
    rows = np.lib.format.open_memmap(folder / "old.npy", "w+", np.float16, shape)
    for first in range(0, size, _ROWS):
        count = min(_ROWS, size - first)
        noise = rng.standard_normal((count, DIMENSIONS), np.float32)
        rows[first : first + count] = centres[rng.integers(CLUSTERS, size=count)] + noise
    rows.flush()
    sample = np.sort(rng.choice(size, SAMPLE, replace=False))
    np.save(folder / "sample.npy", sample)
    np.save(folder / "new.npy", new(rows[sample].astype(np.float32)))
    noise = rng.standard_normal((QUERIES, DIMENSIONS), np.float32)
    queries = centres[rng.integers(CLUSTERS, size=QUERIES)] + noise
    np.save(folder / "queries_old.npy", queries)
    np.save(folder / "queries_new.npy", new(queries))


def scan(folder: Path) -> float:
    """Seconds of an exact search for the same queries by faiss."""
    begun = time.perf_counter()
    rows = np.load(folder / "old.npy", mmap_mode="r")
    queries = np.load(folder / "queries_old.npy")
    for first in range(0, len(rows), _ROWS):
        block = np.ascontiguousarray(rows[first : first + _ROWS], np.float32)
        faiss.knn(queries, block, 10, faiss.METRIC_INNER_PRODUCT)
    return time.perf_counter() - begun


def main() -> None:
    """Write the gallery, forecast, and print time and memory."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--items", type=int, default=10_000_000)
    given = parser.parse_args()
    folder = given.work / str(given.items)
    write(folder, given.items)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "backfill.cli", "forecast", str(folder), "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    plain = scan(folder)
    print(json.loads(done.stdout)["decision"]["headline"])
    print(f"{given.items:,} items: forecast {seconds:.0f} s, peak {peak:.2f} GiB; "
          f"{seconds / plain:.1f} times a plain exact search ({plain:.0f} s)")  # fmt: skip


if __name__ == "__main__":
    main()
