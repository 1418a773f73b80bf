"""Stage `order`: a permutation of the gallery for each seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from backfill import orders
from backfill.artifacts import LOG_VARIANCE, Layout, load_array, save_array
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.params import Order, Params
from backfill.retrieval import Relevance
from backfill.retrieval.oracle import mean_gains
from backfill.stages.command import Done, run
from backfill.stages.systems import of_seed, system

Array = np.ndarray[Any, Any]

UNCERTAINTY = {
    "least_confidence": orders.least_confidence,
    "margin": orders.margin,
    "entropy": orders.entropy,
}


def order(params: Params, layout: Layout, name: str) -> Done:
    """Write the (S, N) backfill order of one row.

    Raises:
        InputError: what it is made from is missing or holds what is no number; names the row.
    """
    try:
        made = by_seed(params, layout, params.orders[name])
    except InputError as error:
        raise InputError(f"orders.{name}: {error}") from error
    save_array(layout.order(name), np.stack(made))
    return Done(sum(map(len, made)), "items")


def by_seed(params: Params, layout: Layout, row: Order) -> list[orders.Permutation]:
    """The order under every seed; the same one for all where nothing that it rests on varies."""
    if row.kind == "random":
        count = len(load_array(layout.labels("gallery")))
        return [orders.random(count, seed) for seed in params.seeds]
    if row.kind == "coverage":
        return covered(params, layout, row)
    if row.kind == "oracle":
        return known(params, layout, row)
    if row.kind == "predicted":
        doubts = load_array(layout.embeddings(f"{row.scored}/{LOG_VARIANCE}", "gallery"))
        of_each = np.broadcast_to(doubts, (len(params.seeds), doubts.shape[1]))
        return [orders.by_score(scores) for scores in of_each]
    scores = uncertainty(layout, row, row.kind)
    return [orders.by_score(scores)] * len(params.seeds)


def uncertainty(layout: Layout, row: Order, kind: str) -> Array:
    """(N,) a classifier's uncertainty about stored gallery embeddings."""
    classifier = StoredClassifier.load(layout.embeddings(row.classified))
    gallery = load_array(layout.embeddings(row.scored, "gallery"))[0]
    return np.asarray(UNCERTAINTY[kind](classifier.scores(gallery)))


def covered(params: Params, layout: Layout, row: Order) -> list[Array]:
    """Of each seed, by what the transform predicts, or where there is none by least confidence."""
    assert row.over is not None
    spaces = load_array(layout.embeddings(row.over, "gallery"))
    if row.predicts:
        doubts = load_array(layout.embeddings(f"{row.scored}/{LOG_VARIANCE}", "gallery"))
    else:
        doubts = uncertainty(layout, row, "least_confidence")[None]
    return [
        orders.coverage(
            spaces[place % len(spaces)],
            doubts[place % len(doubts)],
            seed,
            group_size=row.group_size,
            scored_share=row.scored_share,
        )
        for place, seed in enumerate(params.seeds)
    ]


def known(params: Params, layout: Layout, row: Order) -> list[Array]:
    """Of each seed, by what backfilling an item is really worth."""
    assert row.before is not None
    assert row.after is not None
    relevance = Relevance.load(layout.relevance)
    systems = system(layout, row.before), system(layout, row.after)
    return [
        orders.by_score(
            mean_gains(
                of_seed(systems[0], place),
                of_seed(systems[1], place),
                relevance,
                seed,
                states=row.states,
                queries=row.queries,
            )
        )
        for place, seed in enumerate(params.seeds)
    ]


if __name__ == "__main__":
    run(order, "name")
