from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from spaces import two_spaces

from backfill.align import AffineMap, KernelMap, Map, fit, load, ridge
from backfill.errors import InputError

OLD, NEW = two_spaces(300, bend=2)


@pytest.mark.parametrize(
    ("fitted", "kind"),
    [
        (ridge(OLD, NEW), AffineMap),
        (fit(OLD, NEW), AffineMap),
        (fit(OLD, NEW, "residual"), KernelMap),
    ],
    ids=["closed form", "ridge", "residual"],
)
def test_a_map_of_any_kind_is_stored_and_read_again(
    fitted: Map, kind: type, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "h.safetensors")
    again = load(tmp_path / "h.safetensors")
    assert isinstance(again, kind)
    assert again.dims == fitted.dims == (8, 10)
    np.testing.assert_array_equal(again.apply(3 * OLD), fitted.apply(3 * OLD))
    with pytest.raises(InputError, match=r"^embeddings: expected 8 columns, got 10"):
        again.apply(NEW)


def test_rows_may_stand_in_views() -> None:
    for fitted in (fit(OLD, NEW), fit(OLD, NEW, "residual")):
        views = fitted.apply(OLD.reshape(3, 100, 8))
        np.testing.assert_allclose(views.reshape(300, 10), fitted.apply(OLD), atol=1e-6)


AFFINE = {"weight": np.ones((2, 3), np.float32), "bias": np.ones(3, np.float32)}
KERNEL = AFFINE | {
    "landmarks": np.ones((4, 2), np.float32),
    "coefficients": np.ones((4, 3), np.float32),
    "width": np.ones(1, np.float32),
}


@pytest.mark.parametrize(
    ("kind", "arrays", "message"),
    [
        ("spline", AFFINE, r"kind: expected affine or .*kernel, got 'spline'"),
        ("affine", AFFINE | {"bias": np.ones(2, np.float32)}, "expected a matrix and an offset"),
        ("affine", {"bias": AFFINE["bias"]}, "expected a stored map, got: 'weight'"),
        ("affine", AFFINE | {"bias": np.ones(3)}, "finite float32"),
        ("affine", AFFINE | {"bias": np.full(3, np.nan, np.float32)}, "finite float32"),
        (
            "kernel",
            KERNEL | {"landmarks": np.ones((4, 3), np.float32)},
            "expected a matrix, an offset, landmarks and coefficients",
        ),
        (
            "kernel",
            KERNEL | {"landmarks": np.float32(1)},
            "landmarks: expected floating numbers",
        ),
        (
            "kernel",
            KERNEL | {"weight": np.ones(3, np.float32)},
            "expected a matrix, an offset, landmarks and coefficients",
        ),
        (
            "kernel",
            KERNEL | {"width": np.zeros(1, np.float32)},
            "width: expected a finite number above 0, got 0",
        ),
        ("kernel", AFFINE, "expected a stored map, got: 'width'"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(
    kind: str, arrays: dict[str, np.ndarray], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "h.safetensors"
    save_file({name: np.asarray(a) for name, a in arrays.items()}, path, metadata={"kind": kind})
    with pytest.raises(InputError, match=message) as error:
        load(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [None, b"", b"?" * 100, b"\xff" * 8 + b"{}"])
def test_bytes_that_are_no_safetensors_are_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "h.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="expected a stored map, got"):
        load(path)
    save_file(AFFINE, path)
    with pytest.raises(InputError, match="kind: expected"):
        load(path)
