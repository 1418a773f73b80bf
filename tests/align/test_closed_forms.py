"""Closed forms against their equations, solved in other ways."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from sklearn.linear_model import Ridge

from backfill.align import (
    CLOSED_FORMS,
    choose_strength,
    identity,
    procrustes,
    ridge,
)
from backfill.errors import InputError


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def pairs(width: int, wide: int, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """200 items in two views: the target is a linear map of the source, with noise."""
    rng = np.random.default_rng(width)
    source = rng.normal(size=(2, 200, width)) + 1
    target = source @ rng.normal(size=(width, wide)) + noise * rng.normal(size=(2, 200, wide))
    return unit(source), unit(target)


@pytest.mark.parametrize("wide", [5, 8, 12])
def test_ridge_is_scikit_learns_on_all_views(wide: int) -> None:
    source, target = pairs(8, wide)
    x, y = source.reshape(-1, 8), target.reshape(-1, wide)
    mean_variance = x.astype(np.float64).var(0).mean()
    other = Ridge(alpha=0.1 * mean_variance * len(x)).fit(x.astype(np.float64), y)
    made = ridge(source, target, strength=0.1).apply(source[0])
    np.testing.assert_allclose(made, unit(other.predict(source[0])), atol=2e-5)


def test_the_strength_is_what_held_out_pairs_ask_for() -> None:
    noisy = pairs(30, 30, noise=30.0)
    clean = pairs(30, 30, noise=0.0)
    assert choose_strength(*clean) < choose_strength(*noisy)
    assert choose_strength(*noisy) == choose_strength(*noisy)
    chosen = ridge(*noisy, strength=choose_strength(*noisy))
    np.testing.assert_array_equal(ridge(*noisy).weight, chosen.weight)


def test_procrustes_is_scipys_rotation_of_the_centred_embeddings() -> None:
    source, target = (x[0].astype(np.float64) for x in pairs(8, 8))
    x, y = source - source.mean(0), target - target.mean(0)
    rotation, size = orthogonal_procrustes(x, y)
    expected = unit(size / (x**2).sum() * x @ rotation + target.mean(0))
    np.testing.assert_allclose(procrustes(source, target).apply(source), expected, atol=1e-5)


@pytest.mark.parametrize(("width", "wide"), [(8, 8), (5, 8), (8, 5)])
def test_procrustes_keeps_angles_or_projects(width: int, wide: int) -> None:
    found = procrustes(*pairs(width, wide)).weight.astype(np.float64)
    gram = found @ found.T if width <= wide else found.T @ found
    np.testing.assert_allclose(gram, gram[0, 0] * np.eye(len(gram)), atol=1e-5)
    assert gram[0, 0] > 0


def test_a_rotation_is_found_again() -> None:
    source, _ = pairs(6, 6)
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0].astype(np.float32)
    for fit in (ridge, procrustes):
        np.testing.assert_allclose(
            fit(source, source @ rotation).apply(source), source @ rotation, atol=2e-3
        )


@pytest.mark.parametrize(("width", "wide"), [(6, 6), (4, 6), (6, 4)])
def test_the_identity_adds_zeros_or_leaves_components_out(width: int, wide: int) -> None:
    source, target = pairs(width, wide)
    shared = min(width, wide)
    made = identity(source, target).apply(source)
    np.testing.assert_allclose(made[..., :shared], unit(source[..., :shared]), atol=1e-6)
    assert not made[..., shared:].any()


@pytest.mark.parametrize("name", ["ridge", "procrustes"])
def test_what_are_no_pairs_is_refused(name: str) -> None:
    fit = CLOSED_FORMS[name]
    source, target = pairs(4, 6)
    with pytest.raises(InputError, match=r"^pairs: expected two embeddings of the same items"):
        fit(source, target[:, :5])
    with pytest.raises(InputError, match=r"^pairs: expected at least 2 items"):
        fit(source[:, :1], target[:, :1])
    with pytest.raises(InputError, match=r"^pairs: expected finite"):
        fit(source * np.nan, target)
