"""The order by a transform's predicted log-variance (FastFill, Jaeckle et al., ICLR 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backfill.arrays import Floats
from backfill.orders.registry import OrderInputs
from backfill.orders.scores import scored

if TYPE_CHECKING:
    from backfill.params.rows.orders import Predicted


@scored("predicted")
def _predicted(row: Predicted, inputs: OrderInputs) -> Floats:
    return inputs.log_variance(row.transform)
