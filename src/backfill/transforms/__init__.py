"""Transforms psi, rho, h and f: maps between stored embeddings, and how they are trained.

A row of `transforms` names its modules, what each of them reads, a loss of
:mod:`backfill.losses.registry`, and the systems that the loss looks at. The encoders stay fixed,
and no image is read.
"""

from backfill.transforms.applying import apply
from backfill.transforms.modules import Transforms
from backfill.transforms.networks import Mlp
from backfill.transforms.training import needs_classifier, train
from backfill.transforms.weights import save

__all__ = ["Mlp", "Transforms", "apply", "needs_classifier", "save", "train"]
