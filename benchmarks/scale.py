"""Throughput with one and two Ray workers, and an estimate for a gallery of a billion items.

    pip install -e '.[ray]'
    python benchmarks/scale.py

The first table shows how many images per second are embedded, how many query-item pairs per second
are searched for a curve, and how many images per second are trained on, by one and by two workers
of a local Ray cluster. The reference is the same code in this process, in the same run. The
reference and each worker have one thread. The second table is an estimate for 10^9 items embedded
by both systems. It extrapolates from the rate of one worker out of two, and from the time in which
one process merges what the workers found. What the estimate leaves out is printed below it.
"""

import os

# One thread per process; must be set before numpy, torch and Numba read it.
os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = "1"
# Workers import the modules beside this file.
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
from backfill.pipeline.plans import EmbedPlan
from backfill.retrieval import Relevance, backfill_curve_at
from backfill.retrieval.nearest import Nearest, merged
from backfill.stages.embed import Shard, Work, embed_shard

IMAGES, BATCH = 4000, 250
ITEMS, QUERIES, K, CHECKPOINTS = 500_000, 500, 100, 11
TRAINED = 2560


class Rates(NamedTuple):
    """What one engine does per second.

    Attributes:
        embedded: images.
        searched: query-item pairs.
        trained: images.
    """

    embedded: float
    searched: float
    trained: float


def rates(engine: Engine, processes: int, folder: Path) -> Rates:
    """The best of two runs, after one that starts the workers."""
    return Rates(
        IMAGES / best(lambda: embed(engine, folder)),
        2 * ITEMS * QUERIES / best(lambda: search(engine, folder)),
        TRAINED / engine.together(epoch, TRAINED, processes, gpu=False),
    )


def best(work: Callable[[], object]) -> float:
    """Seconds of the faster of two calls, after one that does not count."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def embed(engine: Engine, folder: Path) -> None:
    """Embed every image with a ResNet-18 at half width."""
    settings = Embed(views=1, batch_size=BATCH, seed=0)
    plan = EmbedPlan(device="cpu", threads=1, embed=settings, augment=train.SETTINGS.augment)
    work = Work(folder / "weights.safetensors", plan, "embed")
    shards = [Shard(folder / "images.npy", rows, None) for rows in engine.cut(IMAGES, BATCH)]
    for _ in engine.map(embed_shard, work, shards, title="embed"):
        pass


def search(engine: Engine, folder: Path) -> None:
    """Compute a curve over the galleries of both systems."""
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
    """Seconds of the faster of two epochs, in one of the processes that train together."""
    device = torch.device("cpu")
    with joined(peer, device) as processes:
        return timed(images, processes, device)


def timed(images: int, processes: Processes, device: torch.device) -> float:
    """Seconds of an epoch; a function of its own, so that the trainer is freed before the rest."""
    loop = train.trainer(32, images, 2, device, processes)
    number = iter(range(3))
    return best(lambda: loop.run_epoch(next(number)))


def merging(lists: int = 20) -> float:
    """Seconds in which one process merges the list of one chunk into what it has."""
    rng = np.random.default_rng(0)

    def found() -> Nearest:
        similarity = -np.sort(-rng.random((QUERIES, K)), axis=1)
        return Nearest(rng.integers(0, ITEMS, (QUERIES, K)), similarity)

    kept, others = found(), [found() for _ in range(lists)]
    start = time.perf_counter()
    for other in others:
        kept = merged((kept, other), K)
    return (time.perf_counter() - start) / lists


def prepare(folder: Path) -> None:
    """Write images, an encoder, and two galleries."""
    rng = np.random.default_rng(0)
    np.save(folder / "images.npy", rng.integers(0, 256, (IMAGES, 3, 32, 32), dtype=np.uint8))
    torch.manual_seed(0)
    Encoder(train.SETTINGS.network, 3, [], 16.0).save(folder / "weights.safetensors")
    labels = gallery.labels(ITEMS)
    for seed, (name, broken) in enumerate((("old", 0.5), ("new", 0.0)), start=1):
        gallery.write(folder / f"{name}.npy", labels, broken=broken, seed=seed)


def model(of_two: Rates, merge: float) -> None:
    """Print how long 10^9 items would take on 16, 256 and 4,096 workers."""
    items, queries, dimensions = 10**9, 1000, gallery.DIMENSIONS
    print(f"\n{items:.0e} items, {queries} queries, {CHECKPOINTS} checkpoints, k = {K}, estimated")
    print(f"{'workers':>8}{'embed':>12}{'search':>12}{'merge':>12}{'read by each':>16}  the limit")
    for workers in (16, 256, 4096):
        took = {
            "embed": items / (of_two.embedded / 2 * workers),
            "search": 2 * items * queries / (of_two.searched / 2 * workers),
            # Four chunks per worker and system, each with one list per checkpoint.
            "merge": merge * queries / QUERIES * 2 * 4 * workers * CHECKPOINTS,
        }
        read = 2 * items * dimensions * 2 / workers / took["search"] / 2**20
        hours = [f"{seconds / 3600:10.2f} h" for seconds in took.values()]
        print(f"{workers:8}{''.join(hours)}{read:10.1f} MiB/s  {max(took, key=took.__getitem__)}")
    stored = 2 * items * dimensions * 2 / 2**40
    print(f"\nBoth systems' embeddings in float16 are {stored:.2f} TiB. Left out: decoding,")
    print("the network, workers that fail, and 8 bytes per item for the order in each worker.")


def main() -> None:
    """Print both tables."""
    print(f"{machine.described()}, one thread per worker; ResNet-18 at half width, 32x32 images;")
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
    """Print one row."""
    cells = [f"{a:12.3g}{a / b:7.2f}" for a, b in zip(found, base, strict=True)]
    print(f"{title:22}{''.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
