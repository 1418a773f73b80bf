"""A user's folder with vectors: read, and checked.

>>> import tempfile
>>> from pathlib import Path
>>> import numpy as np
>>> folder = Path(tempfile.mkdtemp())
>>> vectors = np.random.default_rng(0).normal(size=(100, 8))
>>> np.save(folder / "old.npy", vectors)
>>> np.save(folder / "new.npy", vectors[[7, 3]] @ np.eye(8, 4))
>>> np.save(folder / "sample.npy", [7, 3])
>>> upgrade = read(folder)
>>> upgrade.old.shape, upgrade.new.shape, upgrade.sample.tolist()
((100, 8), (2, 4), [3, 7])
>>> upgrade.notes
['There are no queries: held-out gallery items stand in for them.']
>>> check(folder).of("warning")
['new.npy: 2 pairs to fit maps on are fewer than the 8 dimensions of old.npy: maps are shrunk, \
and get better with more']
"""

from backfill.vectors.checking import Report, check
from backfill.vectors.checks.registry import Finding
from backfill.vectors.upgrade import Upgrade, read

__all__ = ["Finding", "Report", "Upgrade", "check", "read"]
