"""Stage `order`: a permutation of the gallery for each seed."""

from __future__ import annotations

import numpy as np

from backfill import orders
from backfill.artifacts import Layout, load_array, save_array
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.params import Order, Params
from backfill.stages.command import run

UNCERTAINTY = {
    "least_confidence": orders.least_confidence,
    "margin": orders.margin,
    "entropy": orders.entropy,
}


def order(params: Params, layout: Layout, name: str) -> None:
    """Write the (S, N) backfill order of one row.

    Raises:
        InputError: what it is made from is missing or holds what is no number; names the row.
    """
    try:
        made = by_seed(params, layout, params.orders[name])
    except InputError as error:
        raise InputError(f"orders.{name}: {error}") from error
    save_array(layout.order(name), np.stack(made))


def by_seed(params: Params, layout: Layout, row: Order) -> list[orders.Permutation]:
    """The order under every seed; the same one for all where nothing that it rests on varies."""
    if row.kind == "random":
        count = len(load_array(layout.labels("gallery")))
        return [orders.random(count, seed) for seed in params.seeds]
    if row.kind == "predicted":
        doubts = load_array(layout.embeddings(f"{row.scored}/log_variance", "gallery"))
        of_each = np.broadcast_to(doubts, (len(params.seeds), doubts.shape[1]))
        return [orders.by_score(scores) for scores in of_each]
    classifier = StoredClassifier.load(layout.embeddings(row.classified))
    gallery = load_array(layout.embeddings(row.scored, "gallery"))[0]
    scores = UNCERTAINTY[row.kind](classifier.scores(gallery))
    return [orders.by_score(scores)] * len(params.seeds)


if __name__ == "__main__":
    run(order, "name")
