"""What ranked lists are worth: nDCG, AP, recall and the like, named as `nDCG@10`.

>>> from backfill.measures import evaluate
>>> run = {"q": {"a": 0.9, "b": 0.8, "c": 0.1}}
>>> evaluate(run, {"q": {"a": 1, "c": 2}}, ["nDCG@2", "AP", "recall@2"])
{'nDCG@2': 0.38009376671593426, 'AP': 0.8333333333333333, 'recall@2': 0.5}
"""

from backfill.measures.evaluating import evaluate
from backfill.measures.lists import Lists
from backfill.measures.naming import Measure, of_queries, parse
from backfill.measures.registry import MEASURES
from backfill.measures.thresholds import CarriedThreshold, carry_threshold

__all__ = [
    "MEASURES",
    "CarriedThreshold",
    "Lists",
    "Measure",
    "carry_threshold",
    "evaluate",
    "of_queries",
    "parse",
]
