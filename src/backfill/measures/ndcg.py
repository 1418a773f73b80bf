"""nDCG, the measure that knows more relevant from less relevant."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from backfill.arrays import Float64s
from backfill.judgements import Judgements
from backfill.measures.lists import Lists
from backfill.measures.registry import measure

# The same judgements serve many lists.
_IDEAL: WeakKeyDictionary[Judgements, dict[int | None, Float64s]] = WeakKeyDictionary()


@measure("nDCG")
def ndcg(lists: Lists, k: int | None) -> Float64s:
    """Discounted gain of the first k items, as a share of what the best ranking would have.

    An item gains its grade (linear gain, as in trec_eval; not 2^grade - 1), over log2(rank + 1).

    Source:
        Järvelin & Kekäläinen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 2002, with
        the discount from rank 1 on; ndcg and ndcg_cut_k of trec_eval.
    """
    gains = lists.gains[:, :k]
    total = gains @ _discount(gains.shape[1])
    cached = _IDEAL.setdefault(lists.judged, {})
    if k not in cached:
        cached[k] = _ideal(lists.judged, k)
    return np.where(lists.relevant > 0, total / cached[k], np.nan)


def _ideal(judgements: Judgements, k: int | None) -> Float64s:
    """(Q,) the discounted gain of the best ranking; 1 where there is nothing to gain."""
    gains = np.maximum(judgements.grades, 0)
    sizes = np.diff(judgements.indptr)
    of_set = np.repeat(np.arange(len(sizes)), sizes)
    sorted_gains = gains[np.lexsort((-gains, of_set))]
    rank = np.arange(len(gains)) - np.repeat(judgements.indptr[:-1], sizes)
    within = slice(None) if k is None else rank < k
    weights = (sorted_gains / np.log2(rank + 2))[within]
    total = np.bincount(of_set[within], weights, minlength=len(sizes))[judgements.judged_set]
    return np.where(total > 0, total, 1.0)


def _discount(ranks: int) -> Float64s:
    return np.asarray(1 / np.log2(np.arange(ranks) + 2))
