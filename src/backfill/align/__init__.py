"""Maps between two spaces of embeddings, fitted on items that both models have embedded.

No labels are needed, and no torch: pairs in, a map out, in seconds.

    carried = fit(old, new)                   # h: the gallery, old -> new
    carried.apply(old_gallery)                # unit length, comparable with new queries
    carried.save(path); load(path)
    apply_to(carried, memory_mapped, path)    # from disk to disk

- :func:`fit`: by any of METHODS, what it chooses by held-out pairs.
- :class:`Mix`, :func:`fit_mix`: old and mapped embeddings side by side in one index.
- :func:`slerp`: between two queries in one space.

Closed forms are what transforms begin as. Each takes views too, and gives an :class:`AffineMap`.

- :func:`ridge`: least squares, shrunk as held-out pairs ask for; for any two widths.
- :func:`procrustes`: a rotation and one scale, which keep all angles.
- :func:`identity`: nothing changes.
"""

from backfill.align.affine import AffineMap
from backfill.align.applying import apply_to
from backfill.align.fit import fit
from backfill.align.identity import identity
from backfill.align.kernel import KernelMap
from backfill.align.maps import Map, load
from backfill.align.mix import Mix, choose_weight, fit_mix
from backfill.align.procrustes import procrustes
from backfill.align.registry import CLOSED_FORMS, METHODS, ClosedForm
from backfill.align.ridge import choose_strength, ridge
from backfill.align.slerp import slerp

__all__ = [
    "CLOSED_FORMS",
    "METHODS",
    "AffineMap",
    "ClosedForm",
    "KernelMap",
    "Map",
    "Mix",
    "apply_to",
    "choose_strength",
    "choose_weight",
    "fit",
    "fit_mix",
    "identity",
    "load",
    "procrustes",
    "ridge",
    "slerp",
]
