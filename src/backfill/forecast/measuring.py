"""What is measured of merged rankings: how near they are to the new one, and what judges say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backfill.arrays import Float64s, Int64s
from backfill.forecast.curves import Completed
from backfill.judgements import Judgements
from backfill.measures import of_queries

K = 10
OVERLAP, KEPT = f"overlap@{K}", "kept@100"
WITHOUT_JUDGEMENTS = (OVERLAP, KEPT)
JUDGED = ("nDCG@10", "AP@100", "recall@100", "hit@10", "precision@10")


def measured(
    completed: Completed,
    columns: Int64s,
    new: Int64s,
    judgements: Judgements | None,
    names: Sequence[str],
) -> dict[str, Float64s]:
    """Measure each query's ranking.

    Args:
        completed: what the columns are of.
        columns: (Q, n) columns from the first rank on; -1 where a ranking has ended.
        new: (Q, n) the ranking by the new system.
        judgements: of the queries, if there are any.
        names: of the measures.

    Returns:
        Name -> (Q,): `overlap@10`, the share of the new system's first 10 among the first 10;
        `kept@100`, their share among the first 100; and measures of judgements.
    """
    found: dict[str, Float64s] = {}
    aimed = new[:, :K]
    of_columns = {OVERLAP: columns[:, :K], KEPT: columns}
    for name in set(names) & set(of_columns):
        common = (aimed[:, :, None] == of_columns[name][:, None, :]) & (aimed >= 0)[:, :, None]
        found[name] = common.any(axis=2).sum(axis=1) / np.maximum((aimed >= 0).sum(axis=1), 1)
    judged = [name for name in names if name not in of_columns]
    if judged and judgements is not None:
        items = np.take_along_axis(completed.items, np.maximum(columns, 0), axis=1)
        found |= of_queries(judged, np.where(columns < 0, -1, items), judgements)
    return found
