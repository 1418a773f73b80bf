from pathlib import Path

import numpy as np
import pytest

from backfill.align.maps import unit
from backfill.errors import InputError
from backfill.forecast.methods import METHODS
from backfill.live import stored
from backfill.live.fitting import WAYS, fit_serving
from backfill.live.merging import merge, moved
from backfill.live.serving import Serving
from backfill.live.terms import Hit, Query, Sides, Uncarried
from backfill.vectors import read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both models' vectors of 200 items: the new space is a turned old one, and noise."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("pairs")
    old = unit(rng.normal(size=(200, 8)))
    new = unit(old @ rng.normal(size=(8, 12)) + 0.02 * rng.normal(size=(200, 12)))
    np.save(path / "old.npy", old)
    np.save(path / "new.npy", new)
    return path


@pytest.fixture(scope="module", params=sorted(METHODS))
def serving(request: pytest.FixtureRequest, folder: Path) -> Serving:
    return fit_serving(request.param, read(folder))


def test_every_method_of_a_forecast_can_serve() -> None:
    assert set(WAYS) == set(METHODS)


def test_waiting_items_are_found_by_the_queries_made_for_them(
    serving: Serving, folder: Path
) -> None:
    known = read(folder)
    old, new = np.asarray(known.old[:]), np.asarray(known.new[:])
    waiting = unit(old) if serving.carried is None else serving.carry(old)
    assert waiting.shape[1] == (serving.carried or 8)
    queries = np.stack([serving.query(o, n).waiting for o, n in zip(old, new, strict=True)])
    nearest = (queries @ waiting.T).argmax(axis=1)
    assert (nearest == np.arange(200)).mean() > 0.9
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1, atol=1e-5)


def test_only_methods_that_search_old_vectors_need_the_old_query(serving: Serving) -> None:
    new = np.ones(12, np.float32)
    if serving.needs_old_query:
        with pytest.raises(InputError, match="old model"):
            serving.query(None, new)
    else:
        assert serving.query(None, new).waiting is not None


def test_a_stored_method_serves_alike(serving: Serving, tmp_path: Path) -> None:
    stored.save(serving, tmp_path / "method")
    again = stored.read(tmp_path / "method")
    old, new = np.ones(8, np.float32), np.arange(1, 13, dtype=np.float32)
    query, other = serving.query(old, new), again.query(old, new)
    np.testing.assert_array_equal(query.waiting, other.waiting)
    assert serving.scales(query) == again.scales(other)
    assert (again.method, again.carried) == (serving.method, serving.carried)
    before = stored.digest(tmp_path / "method")
    stored.save(serving, tmp_path / "method")
    assert stored.digest(tmp_path / "method") == before


def test_a_damaged_method_is_one_mistake(folder: Path, tmp_path: Path) -> None:
    stored.save(fit_serving("mix", read(folder)), tmp_path / "method")
    for name in ("method.json", "map.safetensors", "background.safetensors"):
        path = tmp_path / "method" / name
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match=name):
            stored.read(tmp_path / "method")
        path.write_bytes(whole)
    with pytest.raises(InputError, match="backfill start"):
        stored.digest(tmp_path / "nothing")


def test_an_unknown_method_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match=r"method: expected old_query.*got 'magic'"):
        fit_serving("magic", read(folder))


ONE = Query(np.array([1, 0], np.float32), np.array([1, 0], np.float32))


def test_one_side_alone_keeps_its_order(serving: Serving, folder: Path) -> None:
    known = read(folder)
    query = serving.query(np.asarray(known.old[0]), np.asarray(known.new[0]))
    hits = [Hit(key, cosine) for key, cosine in ((7, 0.9), (3, 0.5), (5, -0.2))]
    for sides in (Sides(hits, []), Sides([], hits)):
        assert [result.id for result in merge(serving, query, sides, 10)] == [7, 3, 5]


def test_cosines_of_two_models_are_compared_by_their_backgrounds() -> None:
    """In the new space everything is near everything: 0.8 is little there, and much in the old."""
    turned = np.linspace(0.1, 1.4, 40)
    crowded = np.linspace(0.1, 0.7, 40)
    background = [
        np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
        for angle in (turned, crowded)
    ]
    sides = Sides([Hit("old", 0.95)], [Hit("new", 0.97)])
    calibrated = Serving("old_query_calibrated", waiting=background[0], done=background[1])
    assert [r.id for r in merge(Serving("old_query"), ONE, sides, 2)] == ["new", "old"]
    assert [r.id for r in merge(calibrated, ONE, sides, 2)] == ["old", "new"]


def test_vectors_that_are_not_carried_yet_are_carried_for_the_query(folder: Path) -> None:
    serving = fit_serving("ridge", read(folder))
    known = read(folder)
    query = serving.query(None, np.asarray(known.new[4]))
    late = Uncarried([4, 9], np.asarray(known.old[[4, 9]]))
    found = merge(serving, query, Sides([Hit(1, 0.1)], [], late), 3)
    assert found[0].id == 4
    assert not found[0].done
    assert found[0].cosine == pytest.approx(1, abs=0.05)


def test_of_equal_scores_the_backfilled_item_is_first() -> None:
    sides = Sides([Hit(1, 0.5)], [Hit(2, 0.5)])
    assert [r.id for r in merge(Serving("old_query"), ONE, sides, 1)] == [2]


def test_what_is_embedded_on_demand_is_found_by_its_new_vector() -> None:
    late = Uncarried([4, 5], np.eye(2, dtype=np.float32))
    sides = moved(Sides([Hit(1, 0.5), Hit(2, 0.4)], [Hit(3, 0.1)], late), ONE.new, {  # type: ignore[arg-type]
        2: np.array([0.6, 0.8], np.float32), 4: np.array([0.2, 0], np.float32),
    })  # fmt: skip
    assert [hit.id for hit in sides.waiting] == [1]
    assert sides.done == [Hit(3, 0.1), Hit(2, pytest.approx(0.6)), Hit(4, pytest.approx(0.2))]
    assert sides.uncarried is not None
    assert sides.uncarried.ids == [5]
