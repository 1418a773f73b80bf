"""What the tests of datasets share: a whole set of parameters that runs in seconds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def minimal_params() -> Callable[..., Any]:
    """Valid parameters around a dataset's settings: three methods, tiny networks, one epoch."""
    from backfill import params
    from backfill.compose import composed

    def make(dataset: dict[str, Any]) -> Any:
        raw = composed(["dataset=digits"], ROOT / "conf")
        network = {"family": "resnet", "blocks": [1], "width": 4, "embedding_dim": 8}
        kept = {
            "splits": ("extended_class",),
            "encoders": ("old", "new"),
            "transforms": ("rm",),
            "orders": ("random",),
            "methods": ("old", "new", "rm"),
            "studies": ("overview",),
        }
        for section, names in kept.items():
            raw[section] = {name: raw[section][name] for name in names}
        raw |= {"device": "cpu", "seeds": [0], "dataset": dataset}
        raw["train"] |= {"network": network, "epochs": 1, "batch_size": 4}
        raw["embed"] |= {"views": 1, "batch_size": 4}
        raw["transform"] |= {"width": 8, "epochs": 1, "batch_size": 8}
        raw["evaluate"] |= {"checkpoints": 3}
        raw["report"] |= {"bootstrap_resamples": 10}
        # Plain values alone, as from a user's file.
        return params.validate(json.loads(json.dumps(raw, default=str)))

    return make
