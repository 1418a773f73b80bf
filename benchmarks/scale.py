"""Throughput at one and two Ray workers, and what it says of galleries of a thousand millions.

    pip install -e '.[ray]'
    python benchmarks/scale.py

The first table: images embedded, query-item pairs searched for a curve, and images trained on, per
second, by one and by two workers of a local Ray cluster; the reference, in the same run, is the
same code in this process. Each worker has one thread, and so has the reference. The second is a
model on paper, of a gallery of 10^9 items in both systems: it takes the rate of a worker among two,
and how fast one process merges what workers found; what it leaves out stands below it.
"""

import os

# Before anything reads it: every process has one thread.
os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"
# Workers import this file's neighbours.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [os.path.dirname(os.path.abspath(__file__)), os.environ.get("PYTHONPATH", "")]
)

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

import gallery
import train
from backfill import machine
from backfill.compute import LOCAL, Engine, Peer
from backfill.compute.on_ray import OnRay
from backfill.encoders.data_parallel import Processes, joined
from backfill.encoders.model import Encoder
from backfill.params.settings import Compute, Embed
from backfill.retrieval import Relevance, backfill_curve_at
from backfill.retrieval.nearest import Nearest, merged
from backfill.stages.embed import Shard, Work, embed_shard

IMAGES, BATCH = 4000, 250
ITEMS, QUERIES, K, CHECKPOINTS = 500_000, 500, 100, 11
TRAINED = 2560


class Rates(NamedTuple):
    """Per second, of one engine."""

    embedded: float  # images
    searched: float  # query-item pairs
    trained: float  # images


def rates(engine: Engine, processes: int, folder: Path) -> Rates:
    """Best of two, after a run that starts the workers."""
    return Rates(
        IMAGES / best(lambda: embed(engine, folder)),
        2 * ITEMS * QUERIES / best(lambda: search(engine, folder)),
        TRAINED / engine.together(epoch, TRAINED, processes, gpu=False),
    )


def best(work: Callable[[], object]) -> float:
    """Seconds."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def embed(engine: Engine, folder: Path) -> None:
    """Every image, by ResNet-18 at half width."""
    work = Work(
        folder / "weights.safetensors", "cpu", Embed(views=1, batch_size=BATCH, seed=0),
        train.SETTINGS.augment, "embed",
    )  # fmt: skip
    shards = [Shard(folder / "images.npy", rows, None) for rows in engine.cut(IMAGES, BATCH)]
    for _ in engine.map(embed_shard, work, shards, title="embed"):
        pass


def search(engine: Engine, folder: Path) -> None:
    """A curve of both systems' galleries."""
    labels = gallery.labels(ITEMS)
    old, new = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("old", "new"))
    backfill_curve_at(
        K,
        (np.array(old[:QUERIES]), old),
        (np.array(new[:QUERIES]), new),
        np.random.default_rng(1).permutation(ITEMS),
        Relevance.from_labels(labels[:QUERIES], labels, True, np.arange(QUERIES)),
        CHECKPOINTS,
        block_rows=2**16,
        engine=engine,
    )


def epoch(images: int, peer: Peer) -> float:
    """Seconds of the better of two epochs, as one of the processes."""
    device = torch.device("cpu")
    with joined(peer, device) as processes:
        return timed(images, processes, device)


def timed(images: int, processes: Processes, device: torch.device) -> float:
    """Apart, so that the trainer is gone before the processes part."""
    loop = train.trainer(32, images, 2, device, processes)
    number = iter(range(3))
    return best(lambda: loop.run_epoch(next(number)))


def merging(parts: int = 20) -> float:
    """Seconds in which one process merges what a part has found of one group."""
    rng = np.random.default_rng(0)

    def found() -> Nearest:
        similarity = -np.sort(-rng.random((QUERIES, K), np.float32), axis=1)
        return Nearest(rng.integers(0, ITEMS, (QUERIES, K)), similarity)

    kept, others = found(), [found() for _ in range(parts)]
    start = time.perf_counter()
    for other in others:
        kept = merged((kept, other), K)
    return (time.perf_counter() - start) / parts


def prepare(folder: Path) -> None:
    """Images, an encoder, and two galleries."""
    rng = np.random.default_rng(0)
    np.save(folder / "images.npy", rng.integers(0, 256, (IMAGES, 3, 32, 32), dtype=np.uint8))
    torch.manual_seed(0)
    Encoder(train.SETTINGS.network, 3, [], 16.0).save(folder / "weights.safetensors")
    labels = gallery.labels(ITEMS)
    for seed, (name, broken) in enumerate((("old", 0.5), ("new", 0.0)), start=1):
        gallery.write(folder / f"{name}.npy", labels, broken=broken, seed=seed)


def model(of_two: Rates, merge: float) -> None:
    """Print how long 10^9 items would take, on so many workers."""
    items, queries, dimensions = 10**9, 1000, gallery.DIMENSIONS
    print(f"\n{items:.0e} items, {queries} queries, {CHECKPOINTS} checkpoints, k = {K}, on paper")
    print(f"{'workers':>8}{'embed':>12}{'search':>12}{'merge':>12}{'read by each':>16}  the limit")
    for workers in (16, 256, 4096):
        took = {
            "embed": items / (of_two.embedded / 2 * workers),
            "search": 2 * items * queries / (of_two.searched / 2 * workers),
            # Four parts a worker and side, each with one list for every group of arrivals.
            "merge": merge * queries / QUERIES * 2 * 4 * workers * CHECKPOINTS,
        }
        read = 2 * items * dimensions * 2 / workers / took["search"] / 2**20
        hours = [f"{seconds / 3600:10.2f} h" for seconds in took.values()]
        print(f"{workers:8}{''.join(hours)}{read:10.1f} MiB/s  {max(took, key=took.__getitem__)}")
    stored = 2 * items * dimensions * 2 / 2**40
    print(f"\nBoth systems' embeddings in float16 are {stored:.2f} TiB. Left out: decoding,")
    print("the network, workers that fail, and 8 bytes an item for the order in each worker.")


def main() -> None:
    """Print both tables."""
    print(f"{machine.described()}, one thread a worker; ResNet-18 at half width, 32x32 images;")
    print(f"{QUERIES} queries x {ITEMS} items x {gallery.DIMENSIONS} dimensions, both systems\n")
    print(f"{'':22}{'embedded/s':>12}{'ratio':>7}{'pairs/s':>12}{'ratio':>7}"
          f"{'trained/s':>12}{'ratio':>7}")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        base = rates(LOCAL, 1, folder)
        show("in this process", base, base)
        for workers in (1, 2):
            with OnRay.connected(Compute(engine="ray", workers=workers)) as engine:
                found = rates(engine, workers, folder)
            show(f"Ray, {workers} worker{'s' if workers > 1 else ''}", found, base)
    model(found, merging())


def show(title: str, found: Rates, base: Rates) -> None:
    """One row."""
    cells = [f"{a:12.3g}{a / b:7.2f}" for a, b in zip(found, base, strict=True)]
    print(f"{title:22}{''.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
