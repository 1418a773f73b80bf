"""Galleries of two systems, for benchmarks: of any size with a known curve, or of real glyphs.

In a gallery with a known curve, each class has 100 members. In the new system they lie around a
centre of their own, nearer to each other than to anything else. In the old system a share of the
classes is broken: their members lie anywhere. A query of an intact class has an average precision
of 1 at every checkpoint. A query of a broken class finds its backfilled positives, and others only
by chance. If a share f of the gallery is backfilled at random, that is the share f of its
positives. For k of at least 99 (the query itself is left out), mAP@k is therefore
1 - broken + broken f. CMC@1 is the share of queries whose class is intact or has a backfilled
member. No hit is ever lost.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from backfill.arrays import Bools, Float32s, Float64s, Int64s
from backfill.retrieval import Relevance

MEMBERS = 100
DIMENSIONS = 128
_NOISE = 0.5  # cosines of 0.8 within a class; chance gives at most 0.5 among 10 million items
_BLOCK_CLASSES = 1000


class Known(NamedTuple):
    """What a curve must be, (T,) each."""

    mean_average_precision: Float64s
    cmc_1: Float64s
    nfr_1: Float64s


def labels(size: int) -> Int64s:
    """(N,) classes, scattered over the gallery."""
    return np.random.default_rng(0).permutation(size) // MEMBERS


def write(path: Path, of: Int64s, *, broken: float, seed: int) -> None:
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
    of: Int64s,
    relevance: Relevance,
    order: Int64s,
    fraction: Float64s,
    broken: float,
) -> Known:
    """The curve with the first items as queries, from what this order has backfilled."""
    queries = relevance.num_queries
    position = np.empty(len(of), np.int64)
    position[order] = np.arange(len(of))
    found = np.ones((queries, len(fraction)))
    for query in np.flatnonzero(_is_broken(of[:queries], of, broken)).tolist():
        positions = position[relevance.positives(query)][:, None]
        found[query] = (positions < np.rint(fraction * len(of))).mean(axis=0)
    return Known(found.mean(axis=0), (found > 0).mean(axis=0), np.zeros(len(fraction)))


def write_glyphs(folder: Path, data: Path, size: int) -> Int64s:
    """Draw glyphs and embed them in float32 by the encoders old and new of a finished `make repro`.

    Args:
        folder: for the embeddings.
        data: a repository with trained encoders.
        size: number of glyphs, N.

    Returns:
        (N,) classes of the glyphs.
    """
    # These need torch, which galleries with a known curve do without.
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


def _is_broken(classes: Int64s, of: Int64s, broken: float) -> Bools:
    return np.asarray(classes < broken * (of.max() + 1))


def _centres(block: Int64s, seed: int) -> Float32s:
    """The centre of each item's class, drawn for a thousand classes at a time."""
    centres = np.empty((len(block), DIMENSIONS), np.float32)
    draw_of = block // _BLOCK_CLASSES
    for draw in np.unique(draw_of):
        rng = np.random.default_rng([seed, 1, int(draw)])
        drawn = rng.standard_normal((_BLOCK_CLASSES, DIMENSIONS), np.float32)
        centres[draw_of == draw] = drawn[block[draw_of == draw] % _BLOCK_CLASSES]
    return centres
