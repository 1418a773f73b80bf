"""From images to stored embeddings."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from backfill.arrays import Float32s, UInt8s
from backfill.device import has_fast_bfloat16
from backfill.encoders.model import Encoder


@torch.inference_mode()
def embed(
    encoder: Encoder,
    images: UInt8s,
    *,
    batch_size: int,
    change: Callable[[Tensor], Tensor] | None = None,
    title: str = "embed",
) -> Float32s:
    """Embed every image once, in order.

    Args:
        encoder: on the device that computes.
        images: (N, C, H, W), in memory or memory-mapped.
        batch_size: images at a time.
        change: applied to each batch of images first, such as an augmentation.
        title: shown beside the progress bar.

    Returns:
        (N, D) embeddings of unit length.
    """
    device = encoder.mean.device
    bfloat16 = has_fast_bfloat16(device)
    encoder.eval()
    out = []
    for start in tqdm(range(0, len(images), batch_size), desc=title, unit="batch", mininterval=1):
        # Copied, because torch wants writable memory and a memory map is read-only.
        batch = torch.from_numpy(np.array(images[start : start + batch_size])).to(device)
        if change is not None:
            batch = change(batch)
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            embeddings = encoder(batch)
        out.append(F.normalize(embeddings).cpu().numpy())
    return np.concatenate(out)
