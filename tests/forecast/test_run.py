"""A forecast from end to end."""

import numpy as np
import pytest
from worlds import upgrade, world

from backfill.arrays import Float64s
from backfill.errors import InputError
from backfill.forecast import Forecast, Settings, forecast
from backfill.forecast.ask import NOTHING
from backfill.forecast.orders import random
from backfill.forecast.run import Forecaster
from backfill.judgements import Judgements
from backfill.relevance import Relevance
from backfill.retrieval import backfill_curve

ITEMS = 600
WORLD = world(items=ITEMS, queries=30, old_noise=1.0)
EVERYTHING = np.arange(ITEMS)
SETTINGS = Settings(fractions=(0, 0.3, 0.7, 1), maps=("ridge",), completions=2, cascade=20)
ENDS = SETTINGS.model_copy(update={"fractions": (0.0, 1.0)})
JUDGEMENTS = Judgements.from_labels(WORLD.query_labels, WORLD.labels)
NEAREST = np.argsort(-(WORLD.queries_new @ WORLD.new.T), axis=1, kind="stable")[:, :10]
FRACTIONS = np.array(SETTINGS.fractions)


@pytest.fixture(scope="module")
def known() -> Forecast:
    """All new vectors are there, and nobody has judged."""
    return forecast(upgrade(WORLD, EVERYTHING), settings=SETTINGS)


@pytest.fixture(scope="module")
def judged() -> Forecast:
    """Two thirds of the new vectors are there, and labels judge."""
    sample = np.sort(np.random.default_rng(3).permutation(ITEMS)[:400])
    return forecast(
        upgrade(WORLD, sample, judgements=JUDGEMENTS),
        folder="some folder", settings=SETTINGS, rate=20, price=0.5,
    )  # fmt: skip


def values(of: Forecast, method: str, measure: str) -> Float64s:
    return np.array([value.value for value in of.method(method).curves[measure]])


def test_with_everything_known_the_curve_is_that_of_the_true_rankings(known: Forecast) -> None:
    # Each of a query's nearest ten, alone, as a query of its own: it is there if it has rank 10.
    before, after = ((np.repeat(queries, 10, axis=0), gallery) for queries, gallery in (
        (WORLD.queries_old, WORLD.old), (WORLD.queries_new, WORLD.new)
    ))  # fmt: skip
    relevance = Relevance.from_lists(list(NEAREST.reshape(-1, 1)), [[]] * (30 * 10), ITEMS)
    curve = backfill_curve(
        before, after, random(ITEMS, SETTINGS.seed), relevance, checkpoints=FRACTIONS, top_k=(10,)
    )
    (hits,) = curve.cmc.values() if isinstance(curve.cmc, dict) else curve.cmc
    np.testing.assert_allclose(values(known, "old_query", "overlap@10"), hits, atol=1e-9)


def test_with_everything_known_there_is_nothing_to_complete(known: Forecast) -> None:
    assert known.here == 1
    assert known.cost.items == 0
    for method in known.methods:
        # Only queries are sampled: the end is the new system, for every one of them.
        end = method.curves["overlap@10"][-1]
        assert (end.low, end.value, end.high) == pytest.approx((1, 1, 1))
    assert all(all(of.known) for of in known.shown)


def test_a_sample_predicts_the_curve_of_everything(known: Forecast, judged: Forecast) -> None:
    for method in ("old_query", "ridge"):
        true, found = (values(of, method, "overlap@10") for of in (known, judged))
        assert np.abs(true - found).mean() < 0.1


def test_without_judgements_nothing_is_said_of_better_or_gain(known: Forecast) -> None:
    assert not known.judged
    assert known.measure == "overlap@10"
    assert known.better is None
    assert all(method.gain is None for method in known.methods)


def test_judgements_decide(judged: Forecast) -> None:
    assert judged.measure == "nDCG@10"
    assert judged.better is not None
    assert judged.better.low > 0
    assert judged.decision.verdict == "switch"
    assert judged.method(judged.decision.method).eligible
    assert judged.decision.headline.startswith("Switch now")
    areas = [m.area[judged.measure].value for m in judged.methods if m.eligible]
    assert areas == sorted(areas, reverse=True)


def test_an_upgrade_that_is_none_is_not_recommended() -> None:
    swapped = world(items=ITEMS, queries=30, old_noise=1.0)
    swapped.old, swapped.new = swapped.new, swapped.old
    swapped.queries_old, swapped.queries_new = swapped.queries_new, swapped.queries_old
    found = forecast(upgrade(swapped, EVERYTHING[::2], judgements=JUDGEMENTS), settings=ENDS)
    assert found.decision.verdict == "keep"
    assert all(method.gain is None for method in found.methods)


def test_what_is_known_is_counted_and_priced(judged: Forecast) -> None:
    assert judged.folder == "some folder"
    assert (judged.size, judged.drawn, judged.asked, judged.queries) == (ITEMS, 400, 0, 30)
    assert judged.widths == (12, 16)
    assert judged.here == pytest.approx(2 / 3)
    assert (judged.cost.items, judged.cost.seconds, judged.cost.money) == (200, 10, 0.1)


def test_the_cascade_embeds_less_as_the_backfill_goes_on(judged: Forecast) -> None:
    embedded = judged.cascade.embedded
    assert embedded[0] == 20
    assert embedded == sorted(embedded, reverse=True)
    assert embedded[-1] == 0
    assert judged.cascade.embedded_late < 20


def test_five_queries_are_shown_by_their_ids(judged: Forecast) -> None:
    assert len(judged.shown) == 5
    for of in judged.shown:
        assert of.query.startswith("query ")
        assert all(name.startswith("item ") for name in [*of.before, *of.after])


def test_orders_are_compared_with_a_random_one(judged: Forecast) -> None:
    assert set(judged.orders) == {"random", "hubs", "dense"}
    assert judged.orders["random"] == judged.method(judged.decision.method).area["nDCG@10"]


def test_a_query_log_gives_an_order_of_its_own() -> None:
    weights = np.arange(1.0, 31.0)
    found = forecast(upgrade(WORLD, EVERYTHING[::3], weights=weights), settings=ENDS)
    assert "demand" in found.orders


def test_it_is_the_same_each_time() -> None:
    given = upgrade(WORLD, EVERYTHING[::6], judgements=JUDGEMENTS)
    assert forecast(given, settings=ENDS) == forecast(given, settings=ENDS)


def test_it_survives_json(judged: Forecast) -> None:
    assert Forecast.model_validate_json(judged.model_dump_json()) == judged


def test_held_out_items_stand_in_for_queries() -> None:
    given = upgrade(
        WORLD, EVERYTHING[::3], labels=WORLD.labels,
        queries_old=None, queries_new=None, query_ids=(),
    )  # fmt: skip
    found = forecast(given, settings=ENDS)
    assert found.stand_ins
    assert found.queries == 50
    assert found.judged
    assert all(of.query.startswith("item ") for of in found.shown)


def test_what_was_asked_for_is_added_and_makes_the_forecast_correct_itself() -> None:
    sample = np.sort(np.random.default_rng(3).permutation(ITEMS)[:150])
    asked = Forecaster.of(upgrade(WORLD, sample), NOTHING, ENDS).ask(200)
    assert 0 < len(asked.rows) <= 200
    assert len(asked.queries) > 1
    both = np.union1d(sample, asked.rows)
    forecaster = Forecaster.of(upgrade(WORLD, both), asked, ENDS)
    found = forecaster.forecast(upgrade(WORLD, both), "", None, None)
    assert (found.drawn, found.asked) == (150, len(asked.rows))
    more = forecaster.ask(50)
    assert set(asked.rows) <= set(more.rows)
    assert set(asked.queries) <= set(more.queries)


def test_too_small_a_sample_is_one_error() -> None:
    with pytest.raises(InputError, match=r"sample: expected at least 20 items"):
        forecast(upgrade(WORLD, EVERYTHING[:10]), settings=SETTINGS)
