"""What a study took to make: time, memory and speed of its stages."""

from __future__ import annotations

import pandas as pd


def costs(frame: pd.DataFrame) -> pd.DataFrame:
    """Sum up what runs of stages cost, for readers.

    Args:
        frame: a row per run, with stage, row, wall_s (s, of the whole process), peak_gib (GiB, the
            most that it had at once), items_per_s (1/s, of the work alone) and unit.

    Returns:
        A row per stage, as text: stage, runs, wall time, longest (with the row that took it), peak
        memory, and the median speed.
    """
    return pd.DataFrame(
        [_summary(str(stage), runs) for stage, runs in frame.groupby("stage", sort=False)]
        if len(frame)
        else [],
        columns=["stage", "runs", "wall time", "longest", "peak memory", "speed"],
    )


def _summary(stage: str, runs: pd.DataFrame) -> dict[str, str]:
    longest = runs.loc[runs["wall_s"].idxmax()]
    return {
        "stage": stage,
        "runs": str(len(runs)),
        "wall time": _duration(runs["wall_s"].sum()),
        "longest": f"{_duration(longest['wall_s'])} {longest['row']}".rstrip(),
        "peak memory": f"{runs['peak_gib'].max():.2f} GiB",
        "speed": f"{runs['items_per_s'].median():,.0f} {runs['unit'].iloc[0]}/s",
    }


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"
