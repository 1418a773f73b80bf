"""An index of faiss tried on a few vectors, before encoders are trained for it.

In a process of its own: what faiss cannot do ends the process in many ways, and some of them cannot
be caught.

    python -m backfill.pipeline.index_trial IVF1024,Flat 64
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterable

from backfill.errors import InputError

_ITEMS = 1000
_MEMORY = 4 << 30  # bytes of address space
_SECONDS = 120
# What a gallery that is large enough has: rows to train cells and codes on.
_FEW = "Number of training points"


def require_index(key: str, description: str, dims: Iterable[int]) -> None:
    """Require an index that can be made of vectors, and be searched.

    Args:
        key: of the setting, for messages.
        description: for faiss.index_factory.
        dims: of the vectors.

    Raises:
        InputError: faiss cannot make it for one of the dimensions, or dies of it.
    """
    # A handful of vectors has a handful of cells; np: without the half minute that faiss spends on
    # the order of codes.
    small = re.sub(r"(?<=IVF)[1-9][0-9]*", "4", description, count=1)
    small = re.sub(r"^(IVF[^,]*,PQ[0-9x]+)$", r"\1np", small)
    for dim in dims:
        found = _tried(small, dim)
        if found and _FEW not in found:
            raise InputError(
                f"{key}: expected an index that faiss can make of vectors of {dim} dimensions, got "
                f"{description!r}: {found}"
            )


def _tried(description: str, dim: int) -> str:
    """Why an index cannot be had; empty if it can."""
    command = [sys.executable, "-m", "backfill.pipeline.index_trial", description, str(dim)]
    one_thread = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, env=os.environ | one_thread, capture_output=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {_SECONDS} s for {_ITEMS:,} of them"
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    said = lines[-1][:300] if lines else "no reason"
    return said if done.returncode > 0 else f"it ends the process ({said})"


def main() -> None:
    """Make an index of random vectors and search it; end with a reason if that fails."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import numpy as np

    from backfill.retrieval import Index, Relevance, backfill_curve_at

    rng = np.random.default_rng(0)
    gallery = rng.normal(size=(_ITEMS, int(sys.argv[2]))).astype(np.float32)
    system = gallery[:3], gallery
    labels = np.arange(_ITEMS) % 3
    try:
        backfill_curve_at(
            5,
            system,
            system,
            np.arange(_ITEMS),
            Relevance.from_labels(labels[:3], labels),
            checkpoints=3,
            index=Index(sys.argv[1]),
        )
    except Exception as error:  # faiss has many, of many types
        sys.exit(" ".join(str(error).split()) or type(error).__name__)


if __name__ == "__main__":
    main()
