"""Stage `evaluate` hands a row's merge and arrivals on, and names the queries' groups."""

import json
from pathlib import Path

import numpy as np
import pytest
from backfill.compose import composed

from backfill import params
from backfill.artifacts import Layout, load_array, save_array
from backfill.errors import InputError
from backfill.results import MethodResult
from backfill.retrieval import Calibration, Relevance, backfill_curve, draw_newcomers
from backfill.stages.evaluate import evaluate

CONF = Path(__file__).parents[2] / "conf"
CHOSEN = params.validate(composed(["dataset=digits", "evaluate.map_at=7"], CONF))
SIZE = 40
LABELS = np.arange(SIZE) % 4


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    rng = np.random.default_rng(0)
    layout = Layout("digits", tmp_path)
    relevance = Relevance.from_labels(LABELS, LABELS, ignore_self=True)
    layout.relevance.parent.mkdir(parents=True)
    relevance.save(layout.relevance)
    for name in ("old", "new"):
        rows = rng.standard_normal((1, SIZE, 6))
        for part in ("query", "gallery"):
            save_array(layout.embeddings(name, part), rows)
    save_array(layout.order("random"), np.stack([rng.permutation(SIZE) for _ in CHOSEN.seeds]))
    save_array(layout.groups("query"), LABELS % 2)
    (layout.split / "names.json").write_text(json.dumps({"groups": ["plain", "größer"]}))
    return layout


def test_a_row_says_how_it_is_merged(layout: Layout) -> None:
    evaluate(CHOSEN, layout, "arrivals_nearest")
    folder = layout.evaluation("arrivals", "arrivals_nearest")
    stored = MethodResult.load(folder)
    pairs = [
        tuple(load_array(layout.embeddings(name, part))[0] for part in ("query", "gallery"))
        for name in ("old", "new")
    ]
    for seed, curve in enumerate(stored.curves):
        wanted = backfill_curve(
            *pairs,  # type: ignore[arg-type]
            load_array(layout.order("random"))[seed],
            Relevance.load(layout.relevance),
            merge="background_nearest",
            calibration=Calibration(1000, 0),
            newcomer=draw_newcomers(SIZE, 0.25, CHOSEN.seeds[seed]),
            map_at=7,
        )
        np.testing.assert_allclose(curve.average_precision, wanted.average_precision, atol=1e-6)
    groups = load_array(folder / "groups.npy")
    assert groups.tolist() == ["plain", "größer"] * (SIZE // 2)


@pytest.mark.parametrize("text", ["{}", "[", '{"groups": ["plain"]}'])
def test_names_that_lack_a_group_are_an_error(layout: Layout, text: str) -> None:
    (layout.split / "names.json").write_text(text)
    with pytest.raises(InputError, match=r"names\.json: expected the names of all groups"):
        evaluate(CHOSEN, layout, "fusion_z_score")
    assert not layout.evaluation("fusion", "fusion_z_score").exists()


@pytest.mark.parametrize("search", ["nearest", "IVF4,Flat"])
def test_other_searches_find_the_same_first_places(layout: Layout, search: str) -> None:
    evaluate(CHOSEN, layout, "rm_naive")
    folder = layout.evaluation("overview", "rm_naive")
    whole = MethodResult.load(folder)
    settings = [f"evaluate.search={search!r}", "evaluate.map_at=7", "evaluate.effort=4"]
    evaluate(params.validate(composed(["dataset=digits", *settings], CONF)), layout, "rm_naive")
    found = MethodResult.load(folder)
    for curve, expected in zip(found.curves, whole.curves, strict=True):
        np.testing.assert_allclose(curve.average_precision, expected.average_precision, atol=1e-6)
        np.testing.assert_array_equal(curve.hits[5], expected.hits[5])
    if search == "nearest":
        assert found.recall is None
    else:
        np.testing.assert_allclose(found.recall, 1)


@pytest.mark.parametrize(
    ("row", "setting", "message"),
    [
        ("arrivals_nearest", "evaluate.map_at=7", "methods.arrivals_nearest.merge: 'background_ne"),
        ("rm_naive", "evaluate.map_at=null", "evaluate.map_at: none, expected a rank"),
        ("rm_naive", "evaluate.checkpoints=all", "'nearest', expected whole with checkpoints all"),
    ],
)
def test_a_search_that_cannot_be_is_one_error(
    layout: Layout, row: str, setting: str, message: str
) -> None:
    raw = composed(["dataset=digits", "evaluate.search=nearest", setting], CONF)
    with pytest.raises(InputError, match=message):
        evaluate(params.validate(raw), layout, row)
