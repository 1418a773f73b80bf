import numpy as np
import pytest
import torch
from spaces import two_spaces, unit

from backfill.align import Mix, choose_weight, fit, fit_mix, slerp
from backfill.errors import InputError
from backfill.transforms import mixing


def test_its_cosine_is_the_weighted_mean_of_both() -> None:
    old, new = two_spaces(40)
    mapped = fit(old, new).apply(old)
    mix = Mix(0.3)
    items, queries = mix.join(5 * old, mapped), mix.join(old[:6], 2 * new[:6])
    assert items.shape == (40, 18)
    np.testing.assert_allclose(np.linalg.norm(items, axis=1), 1, atol=1e-6)
    expected = 0.3 * old[:6] @ old.T + 0.7 * new[:6] @ mapped.T
    np.testing.assert_allclose(queries @ items.T, expected, atol=1e-6)
    with pytest.raises(InputError, match="weight: expected a finite number from 0 to 1"):
        Mix(1.5)


def test_the_weight_goes_to_the_side_that_ranks_as_the_new_space_does() -> None:
    rng = np.random.default_rng(0)
    new, noise = unit(rng.normal(size=(200, 12))), unit(rng.normal(size=(200, 12)))
    assert choose_weight(noise, new, new) < 0.2
    assert choose_weight(new, noise, new) > 0.8
    half = unit(new + 0.9 * noise), unit(new + 0.9 * unit(rng.normal(size=(200, 12))))
    assert 0 < choose_weight(*half, new) < 1
    assert choose_weight(new, new, new) == 0.5
    with pytest.raises(InputError, match="at least 3"):
        choose_weight(new[:2], new[:2], new[:2])


def test_a_mix_is_fitted_on_pairs_alone() -> None:
    old, new = two_spaces(150)
    fitted, mix = fit_mix(old, new)
    np.testing.assert_array_equal(fitted.apply(old), fit(old, new).apply(old))
    assert mix.weight < 0.5


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5, 1.0])
def test_slerp_is_that_of_transforms(weight: float) -> None:
    start, end = unit(np.random.default_rng(0).normal(size=(2, 20, 6)))
    end[:2] = start[:2]
    expected = mixing.slerp(torch.from_numpy(start), torch.from_numpy(end), weight)
    np.testing.assert_allclose(slerp(4 * start, end, weight), expected.numpy(), atol=1e-5)
