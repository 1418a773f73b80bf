"""What trained transforms make of stored embeddings."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from backfill.arrays import Array
from backfill.artifacts import LOG_VARIANCE
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
    """
    outputs: dict[str, list[Array]] = {name: [] for name in model.row.makes}
    if model.row.uncertainty is not None:
        outputs[LOG_VARIANCE] = []
    count = len(next(iter(stored.values())))
    for start in range(0, count, batch_size):
        batch = {
            name: torch.from_numpy(np.array(v[start : start + batch_size])).to(device)
            for name, v in stored.items()
        }
        results = model(batch)
        log_variance = model.log_variance(results)
        if log_variance is not None:
            results[LOG_VARIANCE] = log_variance
        for name, chunks in outputs.items():
            chunks.append(results[name].cpu().numpy())
    return {name: np.concatenate(chunks) for name, chunks in outputs.items()}
