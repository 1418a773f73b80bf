"""Errors under a predicted uncertainty (Kendall & Gal, NeurIPS 2017)."""

from __future__ import annotations

import torch
from torch import Tensor

from backfill.losses.shapes import takes


@takes(errors="floats B", log_variance="floats B")
def under_uncertainty(errors: Tensor, log_variance: Tensor) -> Tensor:
    """Mean of exp(-s) * error + s, for a predicted log-variance s of each error (eq. 8).

    If an error is large and predictable, s rises to its logarithm and the error counts less. For
    a single error the minimum over s is 1 + log(error).

    Args:
        errors: (B,) at least 0.
        log_variance: (B,).

    Returns:
        Scalar.
    """
    return (torch.exp(-log_variance) * errors + log_variance).mean()
