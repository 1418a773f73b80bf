"""Stage `order`: a permutation of the gallery for each seed."""

from __future__ import annotations

import numpy as np

from backfill import orders
from backfill.artifacts import Layout, load_array, save_array
from backfill.params import Params
from backfill.stages.command import run


def order(params: Params, layout: Layout, name: str) -> None:
    """Write the (S, N) backfill order of one row."""
    count = len(load_array(layout.labels("gallery")))
    # `random` is the one kind so far; a scored kind becomes a branch here.
    assert params.orders[name].kind == "random"
    save_array(layout.order(name), np.stack([orders.random(count, seed) for seed in params.seeds]))


if __name__ == "__main__":
    run(order, "name")
