"""Stage `read`: the vectors of one model in a user's folder, as the embeddings of an encoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from backfill.align.maps import unit
from backfill.align.rows import require_rows
from backfill.arrays import Float32s, Floats
from backfill.artifacts import Layout, replacing, save_chunks
from backfill.datasets.readers.embeddings import Embeddings, vectors_of
from backfill.pipeline.plans import ReadPlan
from backfill.stages.command import Done, run

if TYPE_CHECKING:
    from backfill.vectors.rows import Rows

_ROWS = 65_536  # in memory at a time


def read(plan: ReadPlan, layout: Layout, name: str) -> Done:
    """Write the pairs that maps are fitted on, the queries, and the gallery, all of unit length.

    Args:
        plan: the stage's settings.
        layout: of the workspace.
        name: of the encoder.

    Raises:
        InputError: the folder cannot be used, or a row is zero or not finite.
    """
    assert isinstance(plan.dataset, Embeddings)  # the stage `plan` has seen to it
    parts = vectors_of(plan.dataset, plan.row.reads)
    with replacing(layout.embeddings(name)) as folder:
        for part, vectors in parts.items():
            what = f"{plan.dataset.root}: {plan.row.reads}, {part}"
            shape = (1, *vectors.shape)  # one view, or seed
            save_chunks(folder / f"{part}.npy", shape, np.float32, _chunks(what, vectors))
    return Done(sum(vectors.shape[0] for vectors in parts.values()), "vectors")


def _chunks(what: str, vectors: Floats | Rows) -> Iterator[Float32s]:
    for start in range(0, vectors.shape[0], _ROWS):
        rows = np.asarray(vectors[start : start + _ROWS])
        require_rows(what, rows, start)
        yield unit(rows)


if __name__ == "__main__":
    run(read)
