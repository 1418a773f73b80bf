"""Time and memory of a curve over galleries on disk, next to two exact searches with faiss.

    python benchmarks/curve_at.py [gallery sizes ...] [--queries 1000 ...] [--index IVF1024,Flat]
    python benchmarks/curve_at.py 40000 --glyphs .      # in a repository after `make repro`

For each size, the galleries of two systems are written: float16 with 128 dimensions and a known
curve, or drawn glyphs that the pipeline's encoders embed in float32. Each row of the table is a
process of its own. It computes mAP@100, CMC@1 and NFR@1 at 11 checkpoints; the reference is the
exact top 100 of each system by faiss's flat inner-product index, over the same files. Memory is the
peak of the process according to the operating system. Errors are the largest at any checkpoint:
from the known curve, which chance raises a little in small galleries, or, for glyphs, from the
curve of the whole ranking. With --index, a further row shows the approximate search of that index,
with its lowest recall.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import faiss
import numpy as np

import gallery
from backfill import machine
from backfill.arrays import Int64s, System
from backfill.retrieval import (
    BackfillCurve,
    Index,
    Relevance,
    backfill_curve,
    backfill_curve_at,
    negative_flip_rate,
)

K, CHECKPOINTS, BROKEN = 100, 11, 0.5


class Inputs:
    """What both ways compute from, read from a folder."""

    def __init__(self, folder: Path, queries: int) -> None:
        self.labels: Int64s = np.load(folder / "labels.npy")
        self.systems: list[System] = []
        for name in ("old", "new"):
            rows = np.load(folder / f"{name}.npy", mmap_mode="r")
            self.systems.append(System(np.array(rows[:queries]), rows))
        self.relevance = Relevance.from_labels(
            self.labels[:queries], self.labels, True, np.arange(queries)
        )
        self.order = np.random.default_rng(1).permutation(len(self.labels))

    def exact(self, glyphs: bool) -> gallery.Known:
        """What the curve must be."""
        fraction = np.linspace(0, 1, CHECKPOINTS)
        if not glyphs:
            return gallery.known(self.labels, self.relevance, self.order, fraction, BROKEN)
        before, after = self.systems
        return measures(
            backfill_curve(before, after, self.order, self.relevance, fraction, map_at=K),
        )


def measures(curve: BackfillCurve) -> gallery.Known:
    """The measures of a curve; its own start is the old system of NFR."""
    start = BackfillCurve(
        curve.fraction,
        np.repeat(curve.average_precision[:, :1], CHECKPOINTS, axis=1),
        {k: np.repeat(hits[:, :1], CHECKPOINTS, axis=1) for k, hits in curve.hits.items()},
    )
    nfr = negative_flip_rate(start, curve, 1)
    return gallery.Known(curve.mean_average_precision, curve.cmc[1], nfr)


def ours(inputs: Inputs, index: Index | None) -> BackfillCurve:
    """One pass over both galleries, or a search of their indexes."""
    before, after = inputs.systems
    return backfill_curve_at(
        K, before, after, inputs.order, inputs.relevance, CHECKPOINTS, index=index
    )


def reference(inputs: Inputs) -> BackfillCurve | None:
    """Two exact searches, without a curve."""
    for query, rows in inputs.systems:
        index = faiss.IndexFlatIP(rows.shape[1])
        for first in range(0, len(rows), 2**20):
            index.add(np.array(rows[first : first + 2**20], np.float32))
        index.search(np.array(query, np.float32), K)
    return None


def measured(arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds, peak memory, largest errors and lowest recall of one run in this process."""
    inputs = Inputs(arguments.folder, arguments.queries[0])
    index = Index(arguments.index, arguments.effort) if arguments.run == "index" else None
    start = time.perf_counter()
    curve = reference(inputs) if arguments.run == "reference" else ours(inputs, index)
    found = {"seconds": time.perf_counter() - start, "GiB": machine.peak_gib()}
    if curve is not None:
        pairs = zip(measures(curve), inputs.exact(arguments.glyphs is not None), strict=True)
        for name, (got, exact) in zip(gallery.Known._fields, pairs, strict=True):
            found[name] = float(np.abs(got - exact).max())
        if curve.recall is not None:
            found["recall"] = float(curve.recall.min())
    return found


def table(folder: Path, size: int, arguments: argparse.Namespace) -> None:
    """Print the rows of one gallery, each as soon as it is measured."""
    titles = {"reference": "two faiss flat searches", "ours": "one pass"}
    if arguments.index:
        titles["index"] = f"{arguments.index}, effort {arguments.effort}"
    for queries in arguments.queries:
        base = 0.0
        for run, title in titles.items():
            own = ["--run", run, "--folder", str(folder), "--queries", str(queries)]
            done = subprocess.run(
                [sys.executable, __file__, *sys.argv[1:], *own],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            found = json.loads(done.stdout)
            base = base or found["seconds"]
            errors = [f"{found[n]:9.0e}" if n in found else 9 * " " for n in gallery.Known._fields]
            recall = f"{found['recall']:8.3f}" if "recall" in found else ""
            print(
                f"{size:>11,} {queries:>8,}  {title:26}{found['seconds']:9.2f}"
                f"{found['seconds'] / base:7.2f}{found['GiB']:7.2f}"
                f"{''.join(errors)}{recall}",
                flush=True,
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", type=int, default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--queries", type=int, nargs="+", default=[1000])
    parser.add_argument("--index", help="a faiss index to search as well, such as IVF1024,Flat")
    parser.add_argument("--effort", type=int, default=32)
    parser.add_argument("--glyphs", type=Path, help="a repository after `make repro`")
    parser.add_argument("--folder", type=Path, help="for the files; a temporary one by default")
    parser.add_argument("--run", choices=["ours", "reference", "index"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        print(json.dumps(measured(arguments)))
        return

    print(f"k = {K}, {CHECKPOINTS} checkpoints; {machine.described()}\n")
    print(f"{'gallery':>11} {'queries':>8}{'':28}{'seconds':>9}{'ratio':>7}{'GiB':>7}"
          f"{'mAP':>9}{'CMC@1':>9}{'NFR@1':>9}{'recall':>8}")  # fmt: skip
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            folder = Path(name)
            if arguments.glyphs:
                labels = gallery.write_glyphs(folder, arguments.glyphs, size)
            else:
                labels = gallery.labels(size)
                gallery.write(folder / "old.npy", labels, broken=BROKEN, seed=1)
                gallery.write(folder / "new.npy", labels, broken=0.0, seed=2)
            np.save(folder / "labels.npy", labels)
            table(folder, size, arguments)


if __name__ == "__main__":
    main()
