"""From images to stored embeddings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from backfill.device import has_fast_bfloat16
from backfill.encoders.model import Encoder


@torch.inference_mode()
def embed(
    encoder: Encoder,
    images: np.ndarray[Any, Any],
    *,
    batch_size: int,
    change: Callable[[Tensor], Tensor] | None = None,
    title: str = "embed",
) -> np.ndarray[Any, Any]:
    """Embed every image once, in order.

    Args:
        encoder: on the device to use.
        images: (N, C, H, W) uint8, an array or a memory map.
        batch_size: images at a time.
        change: applied to each batch first, such as a random augmentation.
        title: shown beside the progress bar.

    Returns:
        (N, D) float32 embeddings of unit length.
    """
    device = encoder.mean.device
    bfloat16 = has_fast_bfloat16(device)
    encoder.eval()
    out = []
    for start in tqdm(range(0, len(images), batch_size), desc=title, unit="batch", mininterval=1):
        # Copied: a memory map cannot be written to, and torch wants what it can write to.
        batch = torch.from_numpy(np.array(images[start : start + batch_size])).to(device)
        if change is not None:
            batch = change(batch)
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            embeddings = encoder(batch)
        out.append(F.normalize(embeddings).cpu().numpy())
    return np.concatenate(out)
