"""Stage `evaluate`: one method's backfill curve and distance distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
from tqdm import tqdm

from backfill.artifacts import Layout, load_array, replacing
from backfill.params import Pair, Params
from backfill.reporting.results import Histogram, MethodResult
from backfill.retrieval import Relevance, backfill_curve, distance_histograms
from backfill.stages.command import run

Array = np.ndarray[Any, Any]


def evaluate(params: Params, layout: Layout, name: str) -> None:
    """Merge the two systems of one row along its order, for each seed."""
    method, chosen = params.methods[name], params.evaluate
    relevance = Relevance.load(layout.relevance)
    orders = load_array(layout.order(method.order))
    systems = {"before": system(layout, method.before), "after": system(layout, method.after)}
    curves = [
        backfill_curve(
            before=of_seed(systems["before"], seed),
            after=of_seed(systems["after"], seed),
            order=order,
            relevance=relevance,
            checkpoints=chosen.checkpoints,
            top_k=chosen.top_k,
        )
        for seed, order in enumerate(tqdm(orders, desc=f"evaluate {name}", unit="seed"))
    ]
    # One seed's distances show the shape; the seeds differ far less than the systems do.
    distances = {
        side: Histogram(
            *distance_histograms(*of_seed(pair, 0), relevance, bins=chosen.distance_bins)
        )
        for side, pair in systems.items()
    }
    with replacing(layout.evaluation(method.study, name)) as folder:
        folder.mkdir()
        MethodResult(name, tuple(curves), distances).save(folder)


def system(layout: Layout, pair: Pair) -> tuple[Array, Array]:
    """The stored (S, Q, D) query and (S, N, D) gallery embeddings of a retrieval system."""
    return (
        load_array(layout.embeddings(pair.query, "query")),
        load_array(layout.embeddings(pair.gallery, "gallery")),
    )


def of_seed(pair: tuple[Array, Array], seed: int) -> tuple[Array, Array]:
    """One seed's query and gallery embeddings; an encoder has only one of each."""
    query, gallery = (array[seed if len(array) > 1 else 0] for array in pair)
    return query, gallery


if __name__ == "__main__":
    run(evaluate, "name")
