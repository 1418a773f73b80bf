"""What rows may name is what is registered, and nothing else."""

from typing import Any, get_args

import pytest

from backfill.encoders.networks import NETWORKS
from backfill.encoders.objectives import OBJECTIVES
from backfill.losses.registry import TRANSFORM_LOSSES
from backfill.orders.registry import ORDERS
from backfill.orders.scores import SCORES
from backfill.params.networks import Network
from backfill.params.rows.encoders import Trained
from backfill.params.rows.orders import Order, Scores
from backfill.params.rows.transforms import Transform
from backfill.registry import Registry


def allowed(union: Any, key: str) -> list[str]:
    """The literals that the members of a discriminated union give for `key`."""
    members = get_args(get_args(union)[0])
    return [name for m in members for name in get_args(m.model_fields[key].annotation)]


@pytest.mark.parametrize(
    ("union", "key", "registry"),
    [
        (Trained, "loss", OBJECTIVES),
        (Network, "family", NETWORKS),
        (Order, "kind", ORDERS),
        (Scores, "kind", SCORES),
        (Transform, "loss", TRANSFORM_LOSSES),
    ],
    ids=["encoders", "networks", "orders", "scores", "transforms"],
)
def test_every_allowed_name_is_registered_and_no_other(
    union: Any, key: str, registry: Registry[Any]
) -> None:
    names = allowed(union, key)
    assert len(names) > 1
    assert sorted(names) == list(registry)
