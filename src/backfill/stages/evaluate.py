"""Stage `evaluate`: one method's backfill curve, distance distributions, queries' groups."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from tqdm import tqdm

from backfill.artifacts import Layout, load_array, replacing, save_array
from backfill.errors import InputError
from backfill.params import Params
from backfill.reporting.results import Histogram, MethodResult
from backfill.retrieval import (
    Calibration,
    Relevance,
    backfill_curve,
    distance_histograms,
    draw_newcomers,
)
from backfill.stages.command import Done, run
from backfill.stages.systems import of_seed, system

Array = np.ndarray[Any, Any]


def evaluate(params: Params, layout: Layout, name: str) -> Done:
    """Merge the two systems of one row along its order, for each seed."""
    method, chosen = params.methods[name], params.evaluate
    relevance = Relevance.load(layout.relevance)
    # The dataset's published protocol, unless params.yaml says otherwise.
    map_at = chosen.map_at or described(layout).get("map_at")
    calibration = Calibration(chosen.calibration.background, chosen.calibration.seed)
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
            merge=method.merge,
            calibration=calibration,
            newcomer=draw_newcomers(len(order), method.arrivals, params.seeds[seed]),
            map_at=map_at,
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
        save_array(folder / "groups.npy", query_groups(layout))
    return Done(relevance.num_queries * len(curves), "queries")


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
    path = layout.split / "names.json"
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: expected the names of all groups ({error!r})") from error


if __name__ == "__main__":
    run(evaluate, "name")
