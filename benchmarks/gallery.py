"""A gallery of any size with classes and a known curve, written block by block.

Every class has 100 members around a centre of its own, nearer to each other than to anything else,
in the new system. In the old one that holds for all but a share of the classes, whose members lie
anywhere. A query of an intact class has an average precision of 1 at every checkpoint. One of a
broken class finds those of its positives that are backfilled, and others by chance alone: with a
share f of the gallery backfilled at random, the fraction f of them. mAP@k is
1 - broken + broken f for a k of at least 99, the query itself left out.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MEMBERS = 100
DIMENSIONS = 128
_NOISE = 0.5  # cosines of 0.8 within a class; 0.5 is the most that chance gives in ten millions
_BLOCK_CLASSES = 1000


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
        apart = block < broken * (of.max() + 1)
        rows[first : first + len(block)][apart] = noise[apart]
    rows.flush()


def _centres(block: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """The centre of each item's class, drawn for a thousand classes at a time."""
    centres = np.empty((len(block), DIMENSIONS), np.float32)
    group = block // _BLOCK_CLASSES
    for g in np.unique(group):
        drawn = np.random.default_rng([seed, 1, int(g)])
        of_group = drawn.standard_normal((_BLOCK_CLASSES, DIMENSIONS), np.float32)
        centres[group == g] = of_group[block[group == g] % _BLOCK_CLASSES]
    return centres
