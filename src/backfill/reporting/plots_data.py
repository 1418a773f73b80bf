"""The curves as a long table, one row a method and fraction: what `dvc plots` draws."""

from collections.abc import Mapping

import pandas as pd

from backfill.reporting.measures import measures, per_seed
from backfill.reporting.results import MethodResult


def curves_frame(results: Mapping[str, MethodResult], old: str) -> pd.DataFrame:
    """Columns method, fraction, map, cmc_<k>, nfr_1: means over the seeds, as fractions."""
    frames = []
    for name, result in results.items():
        means = {
            measure.key: per_seed(result, measure, results[old]).mean(axis=0)
            for measure in measures(result)
        }
        columns = {"method": name, "fraction": result.curves[0].fraction}
        frames.append(pd.DataFrame(columns | means))
    return pd.concat(frames, ignore_index=True).round(6)
