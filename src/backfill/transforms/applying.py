"""What trained transforms make of stored embeddings."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from backfill import validate
from backfill.arrays import Array
from backfill.artifacts import LOG_VARIANCE
from backfill.errors import InputError
from backfill.transforms.examples import stored as given
from backfill.transforms.modules import Transforms


@torch.inference_mode()
def apply(
    model: Transforms, stored: Mapping[str, Array], device: torch.device, batch_size: int = 8192
) -> dict[str, Array]:
    """Run every module on all items.

    Args:
        model: trained, on `device`.
        stored: (N, D) unit-length embeddings by each encoder that the row reads.
        device: where to compute.
        batch_size: items at a time.

    Returns:
        (N, D') float32 embeddings of unit length by each module and mix. If the row has an
        `uncertainty`, also the (N,) predicted log-variance, as LOG_VARIANCE.

    Raises:
        InputError: embeddings are missing, or not as many and as wide as the model asks for.
    """
    validate.instance("model", model, Transforms)
    validate.instance("device", device, torch.device)
    validate.count("batch_size", batch_size)
    given("stored", stored, model.row.inputs)
    rows = {
        name: validate.rows_like(f"stored[{name!r}]", stored[name]) for name in model.row.inputs
    }
    first = model.row.inputs[0]
    for name, array in rows.items():
        validate.same_length(f"stored[{name!r}]", array, len(rows[first]), f"stored[{first!r}]")
        if array.shape[1] != model.dims[name]:
            raise InputError(
                f"stored[{name!r}]: expected {model.dims[name]} dimensions, got {array.shape[1]}"
            )
    outputs: dict[str, list[Array]] = {name: [] for name in model.row.makes}
    if model.row.uncertainty is not None:
        outputs[LOG_VARIANCE] = []
    count = len(rows[first])
    for start in range(0, count, batch_size):
        batch = {
            name: torch.from_numpy(np.array(v[start : start + batch_size])).to(device)
            for name, v in rows.items()
        }
        results = model(batch)
        log_variance = model.log_variance(results)
        if log_variance is not None:
            results[LOG_VARIANCE] = log_variance
        for name, chunks in outputs.items():
            chunks.append(results[name].cpu().numpy())
    return {name: np.concatenate(chunks) for name, chunks in outputs.items()}
