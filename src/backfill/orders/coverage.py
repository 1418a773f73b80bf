"""An order that visits every neighbourhood of the gallery before it turns to scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from backfill import validate
from backfill.arrays import Floats, Int64s, at_seed
from backfill.errors import InputError
from backfill.orders.registry import ORDERS, OrderInputs, Permutation
from backfill.orders.scores import SCORES, by_score

if TYPE_CHECKING:
    from backfill.params.rows.orders import Coverage

_SMALL = 128  # dimensions of which an eigenvector is found at once


def coverage(
    embeddings: Floats, scores: Floats, seed: int, *, cell_size: int = 5, scored_share: float = 0.5
) -> Permutation:
    """Take one item of every neighbourhood first, then the rest at random and by score, mixed.

    A query is mostly answered well once one item near it is backfilled. An order by uncertainty
    alone never gets to the regions whose items are all certain, nor to the queries there.

    The gallery is halved along its first principal axis until no cell has more than `cell_size`
    items. The item nearest to a cell's mean represents it. This order is the project's own.

    Args:
        embeddings: (N, D) of unit length, by the system that ranks waiting items.
        scores: (N,) finite numbers, such as the items' uncertainty.
        seed: of the order of the cells, and of the random part.
        cell_size: items in the largest cell.
        scored_share: how much of the rest is taken by score, in [0, 1].

    Returns:
        (N,) permutation.

    Raises:
        InputError: `scores` are not one finite number per embedding, or another argument is out of
            range.
    """
    embeddings = validate.embeddings("embeddings", embeddings)
    validate.seed("seed", seed)
    validate.count("cell_size", cell_size)
    validate.share("scored_share", scored_share)
    ranked = by_score(scores)
    if len(ranked) != len(embeddings):
        raise InputError(
            f"scores: expected one per embedding, {len(embeddings)}, got {len(ranked)}"
        )
    rng = np.random.default_rng(seed)
    cells = _halved(embeddings, np.arange(len(ranked)), cell_size)
    first = rng.permutation([_medoid(embeddings, cell) for cell in cells])

    waiting = np.ones(len(ranked), bool)
    waiting[first] = False
    order = first.tolist()
    by_chance, by_rank = iter(rng.permutation(len(ranked))), iter(ranked)
    taken = 0  # by score; never less than its share of the rest so far
    for position in range(len(ranked) - len(first)):
        scored = taken < scored_share * (position + 1)
        taken += scored
        item = next(i for i in (by_rank if scored else by_chance) if waiting[i])
        waiting[item] = False
        order.append(int(item))
    return np.array(order, dtype=np.int64)


def _halved(embeddings: Floats, rows: Int64s, size: int) -> list[Int64s]:
    """Cells of at most `size` rows, by halving along the axis in which they differ most."""
    if len(rows) <= size:
        return [rows]
    cell = embeddings[rows].astype(np.float64)
    ranked = rows[np.argsort(_along_axis(cell - cell.mean(0)), kind="stable")]
    half = len(ranked) // 2
    return _halved(embeddings, ranked[:half], size) + _halved(embeddings, ranked[half:], size)


def _along_axis(centred: Floats) -> Floats:
    """(n,) where the centred rows of a cell, (n, D), lie along their first principal axis.

    That is the first eigenvector of the scatter matrix, (D, D). Where it is large and the rows are
    fewer than D, the first eigenvector of their products, (n, n), says the same and is cheaper: all
    N items take O(N log N) time.
    """
    rows, width = centred.shape
    if width <= max(rows, _SMALL):
        return np.asarray(centred @ np.linalg.eigh(centred.T @ centred)[1][:, -1])
    return np.asarray(np.linalg.eigh(centred @ centred.T)[1][:, -1])


def _medoid(embeddings: Floats, cell: Int64s) -> int:
    """The row whose embedding is most similar to the mean of its cell."""
    chosen = embeddings[cell]
    return int(cell[np.argmax(chosen @ chosen.mean(0))])


@ORDERS.register("coverage")
def _coverage(row: Coverage, inputs: OrderInputs, seeds: Sequence[int]) -> list[Permutation]:
    spaces = inputs.gallery(row.over)
    scores = SCORES[row.scores.kind](row.scores, inputs)
    return [
        coverage(
            at_seed(spaces, position),
            at_seed(scores, position),
            seed,
            cell_size=row.cell_size,
            scored_share=row.scored_share,
        )
        for position, seed in enumerate(seeds)
    ]
