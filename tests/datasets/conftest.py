"""What the tests of datasets share: a whole set of parameters that runs in seconds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backfill import params
from backfill.compose import composed

ROOT = Path(__file__).parents[2]


@pytest.fixture
def minimal_params() -> Callable[..., params.Params]:
    """Valid parameters around a dataset's settings: three methods, tiny networks, one epoch."""

    def make(dataset: dict[str, Any], **train: Any) -> params.Params:
        raw = composed(["dataset=digits"], ROOT / "conf")
        row = raw["encoders"]["old"] | {"epochs": 1}
        row["network"] = row["network"] | {"blocks": [1], "width": 4, "embedding_dim": 8}
        raw |= {
            "device": "cpu",
            "seeds": [0],
            "dataset": dataset,
            "train": raw["train"] | {"batch_size": 4} | train,
            "encoders": {"old": row, "new": row | {"trains_on": "new", "seed": 1}},
            "embed": raw["embed"] | {"views": 1, "batch_size": 4},
            "transform": raw["transform"] | {"width": 8, "epochs": 1, "batch_size": 8},
            "transforms": {"rm": raw["transforms"]["rm"]},
            "methods": {name: raw["methods"][name] for name in ("old", "new", "rm")},
            "evaluate": raw["evaluate"] | {"checkpoints": 3},
            "report": raw["report"] | {"bootstrap_resamples": 10},
        }
        # Plain values alone, as from a user's file.
        return params.validate(json.loads(json.dumps(raw, default=str)))

    return make
