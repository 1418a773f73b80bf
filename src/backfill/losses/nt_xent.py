"""The self-supervised loss of SimCLR."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from backfill.losses.shapes import takes


@takes(first="floats B D", second="floats B D", temperature="positive")
def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Normalised temperature-scaled cross-entropy (Chen et al., ICML 2020, eq. 1).

    Each of the 2B embeddings has to pick its partner, the other view of the same image, among the
    2B - 1 others by cosine similarity.

    Args:
        first: (B, D), one view of each image.
        second: (B, D), another view, in the same order.
        temperature: divides the cosines; positive.

    Returns:
        Scalar, the mean over all 2B embeddings.
    """
    both = F.normalize(torch.cat([first, second]))
    similarity = (both @ both.T / temperature).fill_diagonal_(-torch.inf)
    count = len(first)
    partner = torch.arange(2 * count, device=both.device).roll(count)
    return F.cross_entropy(similarity, partner)
