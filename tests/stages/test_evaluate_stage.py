"""Stage evaluate: how a row is merged, who arrives, and which search finds the nearest items."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from backfill.artifacts import Layout, load_array, save_array
from backfill.errors import InputError
from backfill.pipeline.plans import EvaluatePlan
from backfill.reading.yaml import read
from backfill.results import MethodResult
from backfill.retrieval import Calibration, Relevance, backfill_curve, draw_arrivals
from backfill.stages.evaluate import evaluate

SETTINGS = read(Path(__file__).parents[2] / "params.yaml")["evaluate"]
SIZE = 40
SEEDS = [0, 1, 2]
LABELS = np.arange(SIZE) % 4
RM_NAIVE = {
    "before": {"query": "old", "gallery": "old"},
    "after": {"query": "new", "gallery": "new"},
}
ARRIVALS = {**RM_NAIVE, "merge": "background_nearest", "arrivals": 0.25}


def plan(row: dict[str, Any], **settings: Any) -> EvaluatePlan:
    evaluation = {**SETTINGS, "map_at": 7, **settings}
    return EvaluatePlan.model_validate(
        {"threads": 1, "seeds": SEEDS, "row": row, "evaluate": evaluation}
    )


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Embeddings of two encoders, an order for every seed, and who is relevant to whom."""
    rng = np.random.default_rng(0)
    made = Layout(root=tmp_path)
    made.params.write_text(yaml.safe_dump({"compute": {"engine": "local"}}))
    relevance = Relevance.from_labels(LABELS, LABELS, ignore_self=True)
    made.relevance.parent.mkdir(parents=True)
    relevance.save(made.relevance)
    for name in ("old", "new"):
        rows = rng.standard_normal((1, SIZE, 6))
        for part in ("query", "gallery"):
            save_array(made.embeddings(name, part), rows)
    save_array(made.order("random"), np.stack([rng.permutation(SIZE) for _ in SEEDS]))
    made.names.write_text(json.dumps({"groups": ["all"], "map_at": None}))
    return made


def pairs(layout: Layout) -> list[tuple[Any, ...]]:
    return [
        tuple(load_array(layout.embeddings(name, part))[0] for part in ("query", "gallery"))
        for name in ("old", "new")
    ]


def test_a_row_says_how_it_is_merged_and_what_arrives(layout: Layout) -> None:
    merge = {"kind": "background_nearest", "background": 20, "seed": 3}
    evaluate(plan({**ARRIVALS, "merge": merge}), layout, "arrivals_nearest")
    stored = MethodResult.load(layout.evaluation("arrivals_nearest"))
    for seed, curve in enumerate(stored.curves):
        wanted = backfill_curve(
            *pairs(layout),  # type: ignore[arg-type]
            load_array(layout.order("random"))[seed],
            Relevance.load(layout.relevance),
            merge="background_nearest",
            calibration=Calibration(20, 3),
            arriving=draw_arrivals(SIZE, 0.25, SEEDS[seed]),
            map_at=7,
        )
        np.testing.assert_allclose(curve.average_precision, wanted.average_precision, atol=1e-6)
    assert stored.name == "arrivals_nearest"


@pytest.mark.parametrize(("settings", "map_at"), [({"map_at": None}, 5), ({"map_at": 7}, 7)])
def test_the_datasets_protocol_holds_unless_settings_say_otherwise(
    layout: Layout, settings: dict[str, Any], map_at: int
) -> None:
    layout.names.write_text(json.dumps({"groups": ["all"], "map_at": 5}))
    evaluate(plan(RM_NAIVE, **settings), layout, "rm_naive")
    order, relevance = load_array(layout.order("random"))[0], Relevance.load(layout.relevance)
    wanted = backfill_curve(*pairs(layout), order, relevance, map_at=map_at)  # type: ignore[arg-type]
    found = MethodResult.load(layout.evaluation("rm_naive")).curves[0]
    np.testing.assert_allclose(found.average_precision, wanted.average_precision, atol=1e-6)


def test_a_second_protocol_of_the_dataset_stands_beside_the_first(layout: Layout) -> None:
    stored = {"groups": ["all"], "map_at": 5, "trapezoidal": True}
    layout.names.write_text(json.dumps(stored))
    evaluate(plan(RM_NAIVE, map_at=None), layout, "rm_naive")
    order, relevance = load_array(layout.order("random"))[0], Relevance.load(layout.relevance)
    official = backfill_curve(*pairs(layout), order, relevance, trapezoidal=True)  # type: ignore[arg-type]
    found = MethodResult.load(layout.evaluation("rm_naive")).curves[0]
    np.testing.assert_allclose(found.trapezoidal, official.average_precision, atol=1e-6)
    assert (found.average_precision != official.average_precision).any()


@pytest.mark.parametrize("search", ["nearest", "IVF4,Flat"])
def test_other_searches_find_the_same_first_ranks(layout: Layout, search: str) -> None:
    folder = layout.evaluation("rm_naive")
    evaluate(plan(RM_NAIVE), layout, "rm_naive")
    whole = MethodResult.load(folder)
    evaluate(plan(RM_NAIVE, search=search, effort=4), layout, "rm_naive")
    found = MethodResult.load(folder)
    for curve, expected in zip(found.curves, whole.curves, strict=True):
        np.testing.assert_allclose(curve.average_precision, expected.average_precision, atol=1e-6)
        np.testing.assert_array_equal(curve.hits[5], expected.hits[5])
    if search == "nearest":
        assert found.recall is None
    else:
        np.testing.assert_allclose(found.recall, 1)


@pytest.mark.parametrize(
    ("row", "settings", "message"),
    [
        (ARRIVALS, {}, "methods.some.merge: expected distance .* 'nearest', got 'background_near"),
        (RM_NAIVE, {"map_at": None}, "evaluate.map_at: expected a rank with search 'nearest'"),
    ],
)
def test_a_search_that_cannot_be_is_one_error(
    layout: Layout, row: dict[str, Any], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(plan(row, search="nearest", **settings), layout, "some")
    assert not layout.evaluation("some").exists()


@pytest.mark.parametrize("side", ["old", "new"])
@pytest.mark.parametrize("part", ["query", "gallery"])
def test_embeddings_that_are_not_finite_are_named_by_their_file(
    layout: Layout, side: str, part: str
) -> None:
    path = layout.embeddings(side, part)
    rows = load_array(path)
    rows[0, 3, 2] = np.nan
    save_array(path, rows)
    with pytest.raises(InputError, match=rf"^{path}: .*expected finite numbers, got nan at row 3"):
        evaluate(plan(RM_NAIVE), layout, "rm_naive")


def test_an_order_of_another_gallery_is_named_by_its_file(layout: Layout) -> None:
    path = layout.order("random")
    save_array(path, load_array(path) + 1)
    with pytest.raises(InputError, match=rf"^{path}: order: expected a permutation of 0..39, got"):
        evaluate(plan(RM_NAIVE), layout, "rm_naive")


@pytest.mark.parametrize("search", ["whole", "nearest"])
@pytest.mark.parametrize("map_at", ["x", 0, -1, 1.5, True, [1], 10**30])
def test_a_protocol_that_is_none_is_named_by_its_file(
    layout: Layout, map_at: object, search: str
) -> None:
    layout.names.write_text(json.dumps({"groups": ["all"], "map_at": map_at}))
    with pytest.raises(InputError, match=rf"^{layout.names}: map_at: expected an integer of at"):
        evaluate(plan(RM_NAIVE, map_at=None, search=search), layout, "rm_naive")


def test_missing_names_are_named(layout: Layout) -> None:
    layout.names.unlink()
    with pytest.raises(InputError, match=r"names\.json: expected the names of classes and groups"):
        evaluate(plan(RM_NAIVE), layout, "rm_naive")
    assert not layout.evaluation("rm_naive").exists()
