"""Stage `evaluate`: one method's backfill curve, and how far apart its systems put pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from tqdm import tqdm

from backfill import compute, validate
from backfill.arrays import Int64s
from backfill.artifacts import ORDERS, Layout, load_array, load_object, replacing
from backfill.errors import InputError, read_from
from backfill.params import load_compute
from backfill.pipeline.plans import EvaluatePlan
from backfill.relevance import Relevance
from backfill.results import BackfillCurve, Histogram, MethodResult
from backfill.retrieval import (
    Calibration,
    Index,
    backfill_curve,
    backfill_curve_at,
    distance_histograms,
    draw_arrivals,
)
from backfill.retrieval.stored import load_system, of_seed
from backfill.stages.command import Done, run

# Gallery items, at most, whose distances to all queries are counted.
SHOWN_ITEMS = 100_000


def evaluate(plan: EvaluatePlan, layout: Layout, name: str) -> Done:
    """Merge the two systems of one method along its order, for each seed.

    Args:
        plan: the stage's settings.
        layout: of the workspace.
        name: of the method.

    Raises:
        InputError: embeddings, relevance or the order are missing or do not fit each other.
    """
    row, chosen = plan.row, plan.evaluate
    relevance = Relevance.load(layout.relevance)
    # The protocol of the dataset, unless the settings say otherwise.
    names = load_object(layout.names, "the names of classes and groups")
    map_at = chosen.map_at or _protocol(layout, names)
    if chosen.search != "whole":
        _require_depth(plan, name, map_at)
    merge = row.merge.model_dump()
    kind, calibration = merge.pop("kind"), Calibration(**merge)
    orders = load_array(layout.order(row.order), ORDERS)
    systems = {
        side: load_system(layout, sets.query, sets.gallery)
        for side, sets in (("before", row.before), ("after", row.after))
    }
    files = {"order": layout.order(row.order), "relevance": layout.relevance}
    for side, sets in (("before", row.before), ("after", row.after)):
        files[f"{side}[0]"] = layout.embeddings(sets.query, "query")
        files[f"{side}[1]"] = layout.embeddings(sets.gallery, "gallery")
    with compute.start(load_compute(layout.params)) as engine, read_from(files):

        def curve(position: int, order: Int64s) -> BackfillCurve:
            pairs = of_seed(systems["before"], position), of_seed(systems["after"], position)
            shared: dict[str, Any] = {
                "order": order,
                "relevance": relevance,
                "checkpoints": chosen.checkpoints,
                "top_k": chosen.top_k,
                "arriving": draw_arrivals(len(order), row.arrivals, plan.seeds[position]),
                "engine": engine,
            }
            if chosen.search == "whole":
                shared |= {"merge": kind, "calibration": calibration}
                found = backfill_curve(*pairs, **shared, map_at=map_at)
                if not names.get("trapezoidal"):
                    return found
                official = backfill_curve(*pairs, **shared, trapezoidal=True)
                return replace(found, trapezoidal=official.average_precision)
            approximate = chosen.search != "nearest"
            index = Index(chosen.search, chosen.effort) if approximate else None
            return backfill_curve_at(int(map_at or 0), *pairs, **shared, index=index)

        seeds = tqdm(orders, desc=f"evaluate {name}", unit="seed")
        curves = [curve(position, order) for position, order in enumerate(seeds)]
    # One seed, and a part of a large gallery, show the shape of the distributions.
    some = np.arange(relevance.gallery_size)
    if len(some) > SHOWN_ITEMS:
        some = np.sort(np.random.default_rng(0).permutation(some)[:SHOWN_ITEMS])
    shown = relevance.among(some)
    distances = {}
    for side, stored in systems.items():
        query, gallery = of_seed(stored, 0)
        distances[side] = Histogram(
            *distance_histograms(query, gallery[some], shown, bins=chosen.distance_bins)
        )
    with replacing(layout.evaluation(name)) as folder:
        folder.mkdir()
        MethodResult(name, tuple(curves), distances).save(folder)
    return Done(relevance.num_queries * len(curves), "queries")


def _protocol(layout: Layout, names: dict[str, Any]) -> int | None:
    """The rank up to which the dataset's average precision goes, if it ends anywhere."""
    value = names.get("map_at")
    return None if value is None else validate.count(f"{layout.names}: map_at", value)


def _require_depth(plan: EvaluatePlan, name: str, map_at: int | None) -> None:
    """Raise InputError if the nearest items are not enough for what the method asks for."""
    search, merge = plan.evaluate.search, plan.row.merge.kind
    if map_at is None:
        raise InputError(f"evaluate.map_at: expected a rank with search {search!r}, got none")
    if merge != "distance":
        raise InputError(
            f"methods.{name}.merge: expected distance with search {search!r}, got {merge!r}"
        )


if __name__ == "__main__":
    run(evaluate)
