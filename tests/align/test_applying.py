from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spaces import two_spaces

from backfill.align import apply_to, fit
from backfill.errors import InputError

OLD, NEW = two_spaces(300)
MAP = fit(OLD, NEW)


class Lazy:
    """Rows that count how many of them are read at once."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows, self.shape, self.most = rows, rows.shape, 0

    def __getitem__(self, rows: slice) -> np.ndarray:
        read = self.rows[rows]
        self.most = max(self.most, len(read))
        return read


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_gallery_goes_from_disk_to_disk(dtype: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "old.npy", OLD)
    source = np.load(tmp_path / "old.npy", mmap_mode="r")
    apply_to(MAP, source, tmp_path / "mapped.npy", block_rows=70, dtype=dtype, progress=False)
    made = np.load(tmp_path / "mapped.npy")
    assert made.dtype == dtype
    np.testing.assert_allclose(made, MAP.apply(OLD), atol=1e-6 if dtype == "float32" else 1e-3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mapped.npy", "old.npy"]


def test_one_block_is_read_at_a_time(tmp_path: Path) -> None:
    lazy = Lazy(OLD)
    apply_to(MAP, lazy, tmp_path / "mapped.npy", block_rows=32)
    assert lazy.most == 32


def test_bad_rows_are_named_and_leave_the_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "mapped.npy"
    target.write_text("before")
    bad = OLD.copy()
    bad[205], bad[[207, 208]] = np.inf, 0
    with pytest.raises(InputError, match=r"^source: expected finite rows .*: row 205, 207, 208$"):
        apply_to(MAP, bad, target, block_rows=100)
    bad[200:260] = np.nan
    with pytest.raises(InputError, match=r"row 200, 201, 202, 203, 204 and 55 more$"):
        apply_to(MAP, bad, target, block_rows=100)
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_what_cannot_be_applied_is_said(tmp_path: Path) -> None:
    target = tmp_path / "mapped.npy"
    with pytest.raises(InputError, match="expected 8 columns, got 10"):
        apply_to(MAP, NEW, target)
    with pytest.raises(InputError, match="block_rows: expected an integer of at least 1"):
        apply_to(MAP, OLD, target, block_rows=0)
    with pytest.raises(InputError, match="dtype: expected one of float32, float16"):
        apply_to(MAP, OLD, target, dtype="int8")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"expected a name that ends in \.npy"):
        apply_to(MAP, OLD, tmp_path / "mapped.bin")
    with pytest.raises(InputError, match=r"source: expected \(N, D\) rows"):
        apply_to(MAP, OLD[0], target)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        apply_to(MAP, OLD, tmp_path / "file" / "mapped.npy")
