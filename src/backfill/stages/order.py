"""Stage `order`: a permutation of the gallery for each seed."""

from __future__ import annotations

import numpy as np

from backfill import orders
from backfill.artifacts import Layout, load_array, save_array
from backfill.encoders.classifier import StoredClassifier
from backfill.params import Params
from backfill.stages.command import run

UNCERTAINTY = {
    "least_confidence": orders.least_confidence,
    "margin": orders.margin,
    "entropy": orders.entropy,
}


def order(params: Params, layout: Layout, name: str) -> None:
    """Write the (S, N) backfill order of one row."""
    row = params.orders[name]
    if row.kind == "random":
        count = len(load_array(layout.labels("gallery")))
        made = [orders.random(count, seed) for seed in params.seeds]
    elif row.kind == "predicted":
        doubts = load_array(layout.embeddings(f"{row.scored}/log_variance", "gallery"))
        of_each = np.broadcast_to(doubts, (len(params.seeds), doubts.shape[1]))
        made = [orders.by_score(scores) for scores in of_each]
    else:
        classifier = StoredClassifier.load(layout.embeddings(row.classified))
        gallery = load_array(layout.embeddings(row.scored, "gallery"))[0]
        scores = UNCERTAINTY[row.kind](classifier.scores(gallery))
        made = [orders.by_score(scores)] * len(params.seeds)
    save_array(layout.order(name), np.stack(made))


if __name__ == "__main__":
    run(order, "name")
