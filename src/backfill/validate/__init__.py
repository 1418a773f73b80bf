"""Checks of what a caller passes in.

Each function returns its argument as what the rest of the package works with, or raises InputError
with the name of the argument, what was expected and what was found. Whatever is handed over, no
other error leaves here.

- :mod:`.conversion`: anything to an array.
- :mod:`.embeddings`: rows, and systems of a query and a gallery.
- :mod:`.items`: rows of a gallery: indices, labels, permutations, flags.
- :mod:`.numbers`: counts, seeds, shares, fractions.
- :mod:`.things`: names, and objects of a class.
"""

from backfill.validate.conversion import array, reals, shown
from backfill.validate.embeddings import (
    comparable,
    embeddings,
    pair,
    rows_like,
    same_length,
    system,
)
from backfill.validate.items import (
    ascending,
    flags,
    indices,
    integers,
    labels,
    permutation,
    position,
    ranked,
)
from backfill.validate.numbers import (
    LARGEST,
    count,
    cutoffs,
    depth,
    fractions,
    number,
    seed,
    share,
    switch,
)
from backfill.validate.things import instance, one_of, path, sequence, text

__all__ = [
    "LARGEST",
    "array",
    "ascending",
    "comparable",
    "count",
    "cutoffs",
    "depth",
    "embeddings",
    "flags",
    "fractions",
    "indices",
    "instance",
    "integers",
    "labels",
    "number",
    "one_of",
    "pair",
    "path",
    "permutation",
    "position",
    "ranked",
    "reals",
    "rows_like",
    "same_length",
    "seed",
    "sequence",
    "share",
    "shown",
    "switch",
    "system",
    "text",
]
