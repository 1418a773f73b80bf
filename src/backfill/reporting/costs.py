"""What a study took to make: time, memory and speed of its stages."""

import pandas as pd

from backfill.reporting.extra import Extra


def costs(kept: pd.DataFrame) -> Extra | None:
    """A row a stage for readers, a row a run in the data; None where nothing was kept.

    kept: stage, row, wall_s, peak_gib, items_per_s, items, unit and machine of each run.
    """
    if kept.empty:
        return None
    machines = " and ".join(sorted(set(kept["machine"])))
    total = _duration(kept["wall_s"].sum())
    return Extra(
        id="costs",
        title="What it cost",
        caption=(
            f"Time and memory of each stage when it was last run, {total} of processes in all, on "
            f"{machines}. Wall time is that of the whole process, its start included; memory the "
            "most that one had at once; speed that of the work alone, the median of the runs. "
            "Where work was shared out, time and memory are those of the process that did so."
        ),
        tables=[
            ("By stage", pd.DataFrame([_summary(*of) for of in kept.groupby("stage", sort=False)]))
        ],
        data=kept,
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
