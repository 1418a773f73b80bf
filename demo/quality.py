"""What served answers are worth, against all that is in the table at the moment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from application import contents
from corpus import Corpus

from backfill.arrays import Float32s, Int64s
from backfill.live import Router, Vectors

K = 10
_DISCOUNTS = 1 / np.log2(np.arange(2, K + 2))


class Quality(NamedTuple):
    """Means over the queries.

    Attributes:
        ndcg: nDCG@10; texts of the query's label are relevant.
        overlap: overlap@10 with the answers of the new model alone, if all were embedded.
        milliseconds: median of the searches.
    """

    ndcg: float
    overlap: float
    milliseconds: float


class Judge:
    """Asks the same queries again and again.

    Args:
        url: of the database.
        corpus: texts, vectors and labels.
        queries: (Q,) rows of the queries.
    """

    def __init__(self, url: str, corpus: Corpus, queries: Int64s) -> None:
        self._url, self._corpus, self._queries = url, corpus, queries
        self._vectors = [
            Vectors(old, new)
            for old, new in zip(
                corpus.vectors(corpus.old)[queries], corpus.vectors(corpus.new)[queries],
                strict=True,
            )
        ]  # fmt: skip

    def served(self, router: Router) -> Quality:
        """What the router answers."""
        import time

        answers, seconds = [], []
        for query in self._vectors:
            start = time.perf_counter()
            answers.append([int(result.id) for result in router.search(query, K)])
            seconds.append(time.perf_counter() - start)
        there, nearest = self._truth(self._corpus.new)
        return self._worth(answers, there, nearest, 1000 * float(np.median(seconds)))

    def alone(self, model: str) -> Quality:
        """What one model answers with all items embedded, exactly."""
        there, nearest = self._truth(self._corpus.new)
        answers = nearest if model == self._corpus.new else self._truth(model)[1]
        return self._worth(answers.tolist(), there, nearest, 0.0)

    def _truth(self, model: str) -> tuple[dict[int, int], Int64s]:
        """Row of each id's text, and the first ids of each query."""
        there = {key: self._corpus.row[text] for key, text in contents(self._url).items()}
        ids = np.fromiter(there, np.int64)
        vectors: Float32s = self._corpus.vectors(model)
        cosines = vectors[self._queries] @ vectors[np.fromiter(there.values(), np.int64)].T
        return there, ids[np.argsort(-cosines, axis=1, kind="stable")[:, :K]]

    def _worth(
        self, answers: list[list[int]], there: dict[int, int], nearest: Int64s, ms: float
    ) -> Quality:
        labels = self._corpus.labels
        counts = np.bincount(labels[np.fromiter(there.values(), np.int64)], minlength=1)
        gains, shares = [], []
        for row, found, wanted in zip(self._queries, answers, nearest, strict=True):
            # An item may have been deleted since it was found.
            right = np.array([labels[there[key]] == labels[row] for key in found if key in there])
            most = _DISCOUNTS[: min(K, counts[labels[row]])].sum()
            gains.append(float(right @ _DISCOUNTS[: len(right)] / most) if most else 1.0)
            shares.append(len(set(found) & set(wanted.tolist())) / K)
        return Quality(float(np.mean(gains)), float(np.mean(shares)), ms)
