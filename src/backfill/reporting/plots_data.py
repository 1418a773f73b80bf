"""The curves as a long table, one row a method and fraction: what `dvc plots` draws."""

import pandas as pd

from backfill.reporting.measures import measures, per_seed
from backfill.reporting.study import StudyResults


def curves_frame(study: StudyResults) -> pd.DataFrame:
    """Columns method, fraction, map, cmc_<k>, nfr_1: means over the seeds, as fractions.

    And recall, where a search was approximate. Before them panel, where there are several; and
    label, where one differs from its method.
    """
    frames = []
    for name, panel in study.panels.items():
        old = panel.results[panel.old]
        for label, result in panel.results.items():
            means = {
                measure.key: per_seed(result, measure, old).mean(axis=0)
                for measure in measures(result)
            }
            columns = {
                "panel": name,
                "method": panel.names[label],
                "label": label,
                "fraction": result.curves[0].fraction,
            }
            if result.recall is not None:
                means["recall"] = result.recall
            frames.append(pd.DataFrame(columns | means))
    frame = pd.concat(frames, ignore_index=True).round(6)
    return without_needless(frame)


def without_needless(frame: pd.DataFrame) -> pd.DataFrame:
    """The table without its panel column if there is one panel, and labels that say nothing new."""
    needless = [
        *(["panel"] if frame["panel"].nunique() < 2 else []),
        *(["label"] if (frame["label"] == frame["method"]).all() else []),
    ]
    return frame.drop(columns=needless)
