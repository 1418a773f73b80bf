"""Stage `evaluate`: one method's backfill curve, distance distributions, queries' groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from tqdm import tqdm

from backfill import compute
from backfill.artifacts import Layout, load_array, load_object, replacing, save_array
from backfill.errors import InputError
from backfill.params import Params
from backfill.results import Histogram, MethodResult
from backfill.retrieval import (
    BackfillCurve,
    Calibration,
    Index,
    Relevance,
    backfill_curve,
    backfill_curve_at,
    distance_histograms,
    draw_newcomers,
)
from backfill.stages.command import Done, run
from backfill.stages.systems import of_seed, system

Array = np.ndarray[Any, Any]

# Gallery items, at most, whose distances to all queries are counted.
SHOWN_ITEMS = 100_000


def evaluate(params: Params, layout: Layout, name: str) -> Done:
    """Merge the two systems of one row along its order, for each seed."""
    method, chosen = params.methods[name], params.evaluate
    relevance = Relevance.load(layout.relevance)
    # The dataset's published protocol, unless params.yaml says otherwise.
    map_at = chosen.map_at or described(layout).get("map_at")
    calibration = Calibration(chosen.calibration.background, chosen.calibration.seed)
    if chosen.search != "whole":
        _require_depth(params, name, map_at)
    orders = load_array(layout.order(method.order))
    systems = {"before": system(layout, method.before), "after": system(layout, method.after)}
    with compute.start(params.compute) as engine:

        def curve(seed: int, order: Array) -> BackfillCurve:
            pairs = of_seed(systems["before"], seed), of_seed(systems["after"], seed)
            shared: dict[str, Any] = {
                "order": order,
                "relevance": relevance,
                "checkpoints": chosen.checkpoints,
                "top_k": chosen.top_k,
                "newcomer": draw_newcomers(len(order), method.arrivals, params.seeds[seed]),
                "engine": engine,
            }
            if chosen.search == "whole":
                return backfill_curve(
                    *pairs, **shared, merge=method.merge, calibration=calibration, map_at=map_at
                )
            approximate = chosen.search != "nearest"
            index = Index(chosen.search, chosen.effort) if approximate else None
            return backfill_curve_at(int(map_at or 0), *pairs, **shared, index=index)

        seeds = tqdm(orders, desc=f"evaluate {name}", unit="seed")
        curves = [curve(seed, order) for seed, order in enumerate(seeds)]
    # One seed's distances show the shape; the seeds differ far less than the systems do. So do
    # those to some of the gallery.
    some = np.arange(relevance.gallery_size)
    if len(some) > SHOWN_ITEMS:
        some = np.sort(np.random.default_rng(0).permutation(some)[:SHOWN_ITEMS])
    shown = relevance.among(some)
    distances = {}
    for side, pair in systems.items():
        query, gallery = of_seed(pair, 0)
        distances[side] = Histogram(
            *distance_histograms(query, gallery[some], shown, bins=chosen.distance_bins)
        )
    with replacing(layout.evaluation(method.study, name)) as folder:
        folder.mkdir()
        MethodResult(name, tuple(curves), distances).save(folder)
        save_array(folder / "groups.npy", query_groups(layout))
    return Done(relevance.num_queries * len(curves), "queries")


def _require_depth(params: Params, name: str, map_at: int | None) -> None:
    """Raise InputError where the nearest items are not enough for what a row asks for."""
    search, merge = params.evaluate.search, params.methods[name].merge
    if map_at is None:
        raise InputError(f"evaluate.map_at: none, expected a rank with search {search!r}")
    if merge != "distance":
        raise InputError(
            f"methods.{name}.merge: {merge!r}, expected distance with search {search!r}"
        )


def query_groups(layout: Layout) -> Array:
    """The name of each query's group, (Q,) unicode.

    Raises:
        InputError: the dataset's names are missing, or lack a query's group.
    """
    groups = load_array(layout.groups("query"))
    try:
        return np.asarray(np.array(described(layout)["groups"], dtype=np.str_)[groups])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        path = layout.split / "names.json"
        raise InputError(f"{path}: expected the names of all groups ({error!r})") from error


def described(layout: Layout) -> dict[str, Any]:
    """The dataset's names of classes and groups, and its protocol.

    Raises:
        InputError: the file is missing or no JSON object.
    """
    return load_object(layout.split / "names.json", "the names of all groups")


if __name__ == "__main__":
    run(evaluate, "name")
