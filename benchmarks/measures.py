"""What ranx measures on some runs, for the test that holds ours equal to it.

    pip install -e '.[benchmarks]'
    python benchmarks/measures.py

This writes tests/measures/by_ranx.json. The test does not call ranx, which compiles for a minute.
"""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import ranx

from backfill.judgements import Qrels

PATH = Path(__file__).parents[1] / "tests" / "measures" / "by_ranx.json"
METRICS = (
    *(f"{metric}@{k}" for metric in ("ndcg", "map", "mrr", "recall", "hit_rate", "precision")
      for k in (1, 5, 10)),
    "ndcg",
    "map",
    "mrr",
    "ndcg_burges@10",
)  # fmt: skip


def drawn(seed: int) -> tuple[Qrels, dict[str, dict[str, float]]]:
    """Grades from -1 to 3 of 60 items for 12 queries, and a run that knows a little of them.

    The last query but one has no relevant item, and the last one no list.
    """
    rng = np.random.default_rng(seed)
    qrels: Qrels = {}
    run: dict[str, dict[str, float]] = {}
    for query in range(12):
        judged = rng.choice(60, 25, replace=False).tolist()
        grades = rng.choice([-1, 0, 1, 2, 3], 25, p=[0.1, 0.5, 0.2, 0.1, 0.1]).tolist()
        if query == 10:
            grades = [0] * 25
        of = dict(zip(judged, grades, strict=True))
        qrels[f"q{query}"] = {f"d{item}": grade for item, grade in of.items()}
        retrieved = rng.choice(60, 30, replace=False).tolist()
        scores = {f"d{item}": 0.3 * of.get(item, 0) + rng.random() for item in retrieved}
        if query != 11:
            run[f"q{query}"] = scores
    return qrels, run


def measured(qrels: Qrels, run: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Metric -> query -> value."""
    comparable = ranx.Run(run).make_comparable(ranx.Qrels(qrels))
    values: dict[str, Any] = ranx.evaluate(
        ranx.Qrels(qrels), comparable, list(METRICS), return_mean=False
    )
    ids = comparable.get_query_ids()
    return {
        metric: dict(zip(ids, np.asarray(of).tolist(), strict=True))
        for metric, of in values.items()
    }


def main() -> None:
    """Measure and write."""
    qrels, run = drawn(seed=0)
    tied = {q: {item: round(score, 1) for item, score in of.items()} for q, of in run.items()}
    content = {"ranx": version("ranx"), "qrels": qrels}
    for name, scores in (("distinct", run), ("tied", tied)):
        content[name] = {"run": scores, "values": measured(qrels, scores)}
    PATH.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
