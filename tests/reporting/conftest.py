"""Small results of real backfill curves: clustered vectors, an old and a better new encoder."""

from pathlib import Path

import numpy as np
import pytest
from simulated import as_panel, as_study

from backfill.reporting.report import write_report
from backfill.reporting.sampling import Sampling
from backfill.reporting.study import Study
from backfill.results import Histogram, MethodResult
from backfill.retrieval import Relevance, backfill_curve, distance_histograms

CLASSES, QUERIES, GALLERY, SEEDS = 6, 30, 90, 2


@pytest.fixture(scope="session")
def results() -> dict[str, MethodResult]:
    rng = np.random.default_rng(0)
    labels = rng.integers(CLASSES, size=QUERIES), rng.integers(CLASSES, size=GALLERY)
    centres = rng.normal(size=(CLASSES, 12))

    def embed(noise):
        return tuple(
            centres[part] + rng.normal(scale=noise, size=(len(part), 12)) for part in labels
        )

    old, new, other = embed(2.5), embed(1.2), embed(0.9)
    systems = {
        "old": (old, old),
        "new": (new, new),
        "rm_naive": (old, new),
        "rm": (new, other),
        "odd & <name>": ((old[0], new[1]), other),
    }
    relevance = Relevance.from_labels(*labels)
    orders = [rng.permutation(GALLERY) for _ in range(SEEDS)]
    return {
        name: MethodResult(
            name,
            tuple(backfill_curve(before, after, order, relevance, 5) for order in orders),
            {
                side: Histogram(*distance_histograms(*pair, relevance, bins=20))
                for side, pair in (("before", before), ("after", after))
            },
        )
        for name, (before, after) in systems.items()
    }


@pytest.fixture(scope="session")
def write():
    """`write_report` with quick settings, of a study or of the results of its only panel."""
    parameters = {"dataset": {"name": "glyphs"}, "note": "<b>&"}
    sampling = Sampling(seed=0, resamples=50, level=0.9)

    def quickly(content, folder, **references) -> None:
        study = content
        if not isinstance(content, Study):
            panels = {"all": as_panel(content, **references)}
            study = as_study(panels, dataset="cifar100", name="overview", sampling=sampling)
        write_report(study, folder, parameters=parameters)

    return quickly


@pytest.fixture(scope="session")
def report(results, write, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / "cifar100"
    write(results, folder)
    return folder
