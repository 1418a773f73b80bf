"""Galleries of two systems, for benchmarks: of any size with a known curve, or of real glyphs.

In the first kind every class has 100 members around a centre of its own, nearer to each other than
to anything else, in the new system. In the old one that holds for all but a share of the classes,
whose members lie anywhere. A query of an intact class has an average precision of 1 at every
checkpoint. One of a broken class finds those of its positives that are backfilled, and others by
chance alone: with a share f of the gallery backfilled at random, the fraction f of them. mAP@k is
1 - broken + broken f for a k of at least 99, the query itself left out; CMC@1 is the share of the
queries whose class is intact or has a member that is backfilled, and no hit is ever lost.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from backfill.retrieval import Relevance

MEMBERS = 100
DIMENSIONS = 128
_NOISE = 0.5  # cosines of 0.8 within a class; 0.5 is the most that chance gives in ten millions
_BLOCK_CLASSES = 1000


class Known(NamedTuple):
    """What a curve must be."""

    mean_average_precision: NDArray[np.float64]  # (T,)
    cmc_1: NDArray[np.float64]  # (T,)
    nfr_1: NDArray[np.float64]  # (T,)


def labels(size: int) -> NDArray[np.int64]:
    """(N,) classes, scattered over the gallery."""
    return np.random.default_rng(0).permutation(size) // MEMBERS


def write(path: Path, of: NDArray[np.int64], *, broken: float, seed: int) -> None:
    """Write (N, 128) float16 embeddings of items of these classes, a share of which is broken."""
    rows = np.lib.format.open_memmap(path, "w+", np.float16, (len(of), DIMENSIONS))
    for first in range(0, len(of), 2**18):
        block = of[first : first + 2**18]
        rng = np.random.default_rng([seed, first])
        noise = rng.standard_normal((len(block), DIMENSIONS), np.float32)
        rows[first : first + len(block)] = _centres(block, seed) + _NOISE * noise
        apart = _is_broken(block, of, broken)
        rows[first : first + len(block)][apart] = noise[apart]
    rows.flush()


def known(
    of: NDArray[np.int64],
    relevance: Relevance,
    order: NDArray[np.int64],
    fraction: NDArray[np.float64],
    broken: float,
) -> Known:
    """The curve of the first items as queries: of these, and of what this order has backfilled."""
    queries = relevance.num_queries
    place = np.empty(len(of), np.int64)
    place[order] = np.arange(len(of))
    found = np.ones((queries, len(fraction)))
    for query in np.flatnonzero(_is_broken(of[:queries], of, broken)).tolist():
        places = place[relevance.positives(query)][:, None]
        found[query] = (places < np.rint(fraction * len(of))).mean(axis=0)
    return Known(found.mean(axis=0), (found > 0).mean(axis=0), np.zeros(len(fraction)))


def write_glyphs(folder: Path, data: Path, size: int) -> NDArray[np.int64]:
    """Draw glyphs, embed them by the encoders old and new of a finished `make repro`, in float32.

    Returns their (N,) classes.
    """
    from backfill.artifacts import Layout
    from backfill.datasets.readers.glyphs.draw import GALLERY, GlyphSource
    from backfill.datasets.readers.glyphs.settings import Glyphs
    from backfill.encoders.embedding import embed
    from backfill.encoders.model import Encoder

    layout = Layout(root=data)
    drawn = GlyphSource(Glyphs.model_validate({"gallery_size": size})).draw(GALLERY, size)
    for name in ("old", "new"):
        encoder = Encoder.load(layout.weights(name))
        np.save(folder / f"{name}.npy", embed(encoder, np.asarray(drawn.images), batch_size=500))
    return drawn.labels


def _is_broken(
    classes: NDArray[np.int64], of: NDArray[np.int64], broken: float
) -> NDArray[np.bool_]:
    return np.asarray(classes < broken * (of.max() + 1))


def _centres(block: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """The centre of each item's class, drawn for a thousand classes at a time."""
    centres = np.empty((len(block), DIMENSIONS), np.float32)
    group = block // _BLOCK_CLASSES
    for g in np.unique(group):
        drawn = np.random.default_rng([seed, 1, int(g)])
        of_group = drawn.standard_normal((_BLOCK_CLASSES, DIMENSIONS), np.float32)
        centres[group == g] = of_group[block[group == g] % _BLOCK_CLASSES]
    return centres
