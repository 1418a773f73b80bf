"""Orders by a classifier's uncertainty about stored embeddings (RACT, Zhang et al., ICLR 2022)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import entr, softmax

from backfill import validate
from backfill.arrays import Float64s, Floats
from backfill.errors import InputError
from backfill.orders.registry import OrderInputs
from backfill.orders.scores import scored

if TYPE_CHECKING:
    from backfill.params.rows.orders import ClassifierUncertainty, Entropy, LeastConfidence, Margin


def least_confidence(class_scores: Floats) -> Floats:
    """One minus the probability of the likeliest class (RACT, eq. 9).

    Args:
        class_scores: (N, C) of a classifier on the old embeddings, before the softmax.

    Returns:
        (N,) in [0, 1].

    Raises:
        InputError: these are no such scores.
    """
    return np.asarray(1 - _probabilities(class_scores).max(1))


def margin(class_scores: Floats) -> Floats:
    """One minus the gap between the probabilities of the two likeliest classes (RACT, eq. 10).

    Args:
        class_scores: (N, C) of a classifier on the old embeddings, before the softmax; C >= 2.

    Returns:
        (N,) in [0, 1].

    Raises:
        InputError: these are no such scores.
    """
    top = np.sort(_probabilities(class_scores, least=2), axis=1)[:, -2:]
    return np.asarray(1 - (top[:, 1] - top[:, 0]))


def entropy(class_scores: Floats) -> Floats:
    """Entropy of the class probabilities (RACT, eq. 11).

    Args:
        class_scores: (N, C) of a classifier on the old embeddings, before the softmax.

    Returns:
        (N,) nats.

    Raises:
        InputError: these are no such scores.
    """
    return np.asarray(entr(_probabilities(class_scores)).sum(1))


def _probabilities(class_scores: Floats, least: int = 1) -> Float64s:
    """(N, C) of at least so many classes."""
    scores = validate.reals("class_scores", class_scores, ndim=2)
    if scores.shape[1] < least:
        raise InputError(
            f"class_scores: expected {least} classes or more, got shape {scores.shape}"
        )
    if not np.isfinite(scores).all():
        row, column = np.argwhere(~np.isfinite(scores))[0]
        raise InputError(
            f"class_scores: expected finite numbers, got {scores[row, column]} in row {row}"
        )
    return np.asarray(softmax(scores, axis=1))


@scored("least_confidence")
def _least_confidence(row: LeastConfidence, inputs: OrderInputs) -> Floats:
    return least_confidence(_class_scores(row, inputs))[None]


@scored("margin")
def _margin(row: Margin, inputs: OrderInputs) -> Floats:
    return margin(_class_scores(row, inputs))[None]


@scored("entropy")
def _entropy(row: Entropy, inputs: OrderInputs) -> Floats:
    return entropy(_class_scores(row, inputs))[None]


def _class_scores(row: ClassifierUncertainty, inputs: OrderInputs) -> Floats:
    """(N, C) scores of the row's classifier for the gallery."""
    return inputs.classifier(row.judge).scores(inputs.gallery(row.embeddings)[0])
