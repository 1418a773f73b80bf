import numpy as np
import pytest
from spaces import two_spaces, unit

from backfill.align import METHODS, AffineMap, KernelMap, fit
from backfill.align.folds import folds
from backfill.align.residual import _fitted, _Prior
from backfill.align.ridge import mean_cosine
from backfill.errors import InputError


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_method_brings_unseen_rows_nearer(method: str, dtype: type) -> None:
    old, new = two_spaces(400)
    fitted = fit(old[:300].astype(dtype), new[:300].astype(dtype), method)
    made = fitted.apply(old[300:].astype(dtype))
    assert made.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)
    assert (made * new[300:]).sum(1).mean() > (0.6 if method == "procrustes" else 0.97)


@pytest.mark.parametrize("method", list(METHODS))
def test_the_length_of_a_row_says_nothing(method: str) -> None:
    old, new = two_spaces(200, bend=1)
    lengths = np.random.default_rng(0).uniform(0.5, 9, size=(200, 1)).astype(np.float32)
    plain, scaled = fit(old, new, method), fit(lengths * old, new / lengths, method)
    np.testing.assert_allclose(scaled.apply(old[:9] / 7), plain.apply(old[:9]), atol=1e-3)


@pytest.mark.parametrize("searched", [100, 1200])
def test_a_residual_helps_where_a_line_does_not_do(
    searched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backfill.align.residual.SEARCHED", searched)
    old, new = two_spaces(800, bend=2)
    ridge, residual = (fit(old[:400], new[:400], method) for method in ("ridge", "residual"))
    assert isinstance(residual, KernelMap)
    unseen = old[400:], new[400:]
    assert mean_cosine(residual, *unseen) > mean_cosine(ridge, *unseen) + 0.02


@pytest.mark.parametrize("searched", [100, 1200])
def test_a_residual_that_does_not_help_is_left_out(
    searched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backfill.align.residual.SEARCHED", searched)
    rng = np.random.default_rng(0)
    old, new = unit(rng.normal(size=(400, 4))), unit(rng.normal(size=(400, 5)))
    fitted, ridge = fit(old, new, "residual"), fit(old, new, "ridge")
    assert isinstance(fitted, AffineMap)
    np.testing.assert_array_equal(fitted.apply(old), ridge.apply(old))


def test_landmarks_among_the_pairs_say_what_kernel_ridge_regression_does() -> None:
    old, new = two_spaces(120, bend=1)
    prior = _Prior.of(old, 0.8)
    made = _fitted(prior, old, new, old, noise=0.06).apply(old[:20])
    exact = prior.predicted(old, new, old[:20])[1]
    np.testing.assert_allclose(made, unit(exact), atol=1e-3)
    fewer = _fitted(prior, old, new, old[:60], noise=0.06).apply(old[:20])
    assert (fewer * made).sum(1).min() > 0.98


@pytest.mark.parametrize("method", list(METHODS))
def test_one_seed_gives_one_map(method: str) -> None:
    old, new = two_spaces(100, bend=1)
    first, second = (fit(old, new, method, seed=3).apply(old) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("method", list(METHODS))
def test_a_handful_of_pairs_and_copies_of_one_are_enough(method: str) -> None:
    old, new = two_spaces(3)
    assert np.isfinite(fit(old, new, method).apply(old)).all()
    assert np.isfinite(fit(old[[0] * 40], new[[0] * 40], method).apply(old)).all()


def test_few_pairs_judge_in_turn_and_many_once() -> None:
    assert len(folds(5000, 0.1, seed=0, judged=300)) == 1
    turns = folds(50, 0.1, seed=0, judged=300)
    assert len(turns) == 10
    assert sorted(np.concatenate([judges for judges, _ in turns])) == list(range(50))
    for judges, others in turns:
        assert sorted([*judges, *others]) == list(range(50))


def test_what_cannot_be_fitted_is_said() -> None:
    old, new = two_spaces(20)
    with pytest.raises(
        InputError, match=r"^method: expected one of procrustes, residual, ridge, got"
    ):
        fit(old, new, "linear")
    with pytest.raises(InputError, match=r"^pairs: expected .*\(20, 8\) and \(19, 10\)"):
        fit(old, new[1:])
    with pytest.raises(
        InputError, match=r"^held_out: expected a finite number above 0 and below 1"
    ):
        fit(old, new, held_out=1.0)
    with pytest.raises(InputError, match=r"^new: expected floating numbers, got int64"):
        fit(old, np.ones((20, 3), np.int64))
    new[[3, 7]] = np.nan
    with pytest.raises(InputError, match=r"^new: expected finite rows .*: row 3, 7$"):
        fit(old, new)
    old[5] = 0
    with pytest.raises(InputError, match=r"^old: expected finite rows .*: row 5$"):
        fit(old, new)
