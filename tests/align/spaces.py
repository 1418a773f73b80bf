"""Small spaces: items as two models see them."""

import numpy as np


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


def two_spaces(
    count: int = 300, width: int = 8, wide: int = 10, bend: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """(count, width) and (count, wide): a linear map with noise, and `bend` of one that is not."""
    rng = np.random.default_rng(width)
    straight, inward, outward = (
        rng.normal(size=shape) for shape in ((width, wide), (width, 30), (30, wide))
    )
    old = unit(np.random.default_rng(seed).normal(size=(count, width)) + 0.3)
    bent = np.maximum(3 * old @ inward, 0) @ outward / 5
    noise = 0.1 * np.random.default_rng(seed + 1).normal(size=(count, wide))
    return old, unit(old @ straight + bend * bent + noise)
