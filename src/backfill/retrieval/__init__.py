"""Retrieval evaluation while a gallery is re-embedded, item by item, with a new model.

>>> import numpy as np
>>> from backfill.retrieval import Relevance, backfill_curve
>>> labels = np.array([0, 0, 1, 1])
>>> old = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1], [0.1, 1.0]])  # confuses the classes
>>> new = np.array([[1.0, 0.0], [1.0, 0.3], [0.0, 1.0], [0.3, 1.0]])  # tells them apart
>>> curve = backfill_curve(
...     before=(old, old),
...     after=(new, new),
...     order=[0, 1, 2, 3],
...     relevance=Relevance.from_labels(labels, labels, ignore_self=True),
...     checkpoints=3,
... )
>>> [round(float(value), 3) for value in curve.mean_average_precision]
[0.417, 0.458, 1.0]
"""

from backfill.relevance import Relevance
from backfill.results import BackfillCurve
from backfill.retrieval.approximate import Index
from backfill.retrieval.bootstrap import (
    Interval,
    bootstrap_gain,
    bootstrap_mean,
    bootstrap_statistic,
)
from backfill.retrieval.curve import MERGES, backfill_curve
from backfill.retrieval.curve_at import backfill_curve_at
from backfill.retrieval.distances import distance_histograms
from backfill.retrieval.merge.base import Calibration
from backfill.retrieval.metrics import (
    Conditions,
    gain,
    negative_flip_rate,
    query_auc_cmc,
    query_auc_map,
    worst_step,
)
from backfill.retrieval.schedule import draw_arrivals

__all__ = [
    "MERGES",
    "BackfillCurve",
    "Calibration",
    "Conditions",
    "Index",
    "Interval",
    "Relevance",
    "backfill_curve",
    "backfill_curve_at",
    "bootstrap_gain",
    "bootstrap_mean",
    "bootstrap_statistic",
    "distance_histograms",
    "draw_arrivals",
    "gain",
    "negative_flip_rate",
    "query_auc_cmc",
    "query_auc_map",
    "worst_step",
]
