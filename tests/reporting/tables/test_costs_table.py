import pandas as pd

from backfill.reporting.tables.costs import costs

KEPT = pd.DataFrame(
    {
        "stage": ["split", "train", "train"],
        "row": ["", "old", "new"],
        "wall_s": [4.0, 90.0, 150.0],
        "peak_gib": [0.3, 0.9, 1.25],
        "items_per_s": [1000.0, 640.0, 600.0],
        "items": [4000, 10_000, 20_000],
        "unit": "images",
        "machine": "a machine, 2 CPUs",
    }
)


def test_costs_are_summed_by_stage() -> None:
    assert costs(KEPT).to_dict("records") == [
        {"stage": "split", "runs": "1", "wall time": "4.0 s", "longest": "4.0 s",
         "peak memory": "0.30 GiB", "speed": "1,000 images/s"},
        {"stage": "train", "runs": "2", "wall time": "4.0 min", "longest": "2.5 min new",
         "peak memory": "1.25 GiB", "speed": "620 images/s"},
    ]  # fmt: skip


def test_without_runs_there_are_no_rows() -> None:
    assert list(costs(pd.DataFrame())) == list(costs(KEPT))
    assert costs(pd.DataFrame()).empty
