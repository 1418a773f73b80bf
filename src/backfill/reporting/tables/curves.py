"""The curves as a long table, one row per method and fraction: what `dvc plots` draws."""

from __future__ import annotations

import pandas as pd

from backfill.reporting.study import Study
from backfill.reporting.tables.methods import drop_needless


def curves(study: Study) -> pd.DataFrame:
    """Every method's curves, means over the runs, as fractions. This is curves.csv.

    Returns:
        Columns: panel, if there are several; method, the row's name; label, if one differs from
        it; fraction; map, cmc_<k>, nfr_1; and recall, if a search was approximate.
    """
    frames = []
    for name, panel in study.panels.items():
        for label, result in panel.results.items():
            means = {m.key: study.curves(name, label, m).mean(axis=0) for m in study.measures}
            if result.recall is not None:
                means["recall"] = result.recall
            row = {"panel": name, "method": panel.names[label], "label": label}
            frames.append(pd.DataFrame(row | {"fraction": study.fraction} | means))
    return drop_needless(pd.concat(frames, ignore_index=True).round(6))
