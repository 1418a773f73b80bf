"""An array's rows in another order, without a copy of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from backfill.arrays import Floats, Int64s


class Rows:
    """Rows of an array, each read when it is asked for.

    Args:
        array: (M, D), as a rule memory-mapped.
        order: (n,) which of its rows these are.

    Attributes:
        shape: (n, D).
        dtype: of the array.
    """

    ndim = 2

    def __init__(self, array: Floats, order: Int64s) -> None:
        self._array = array
        self._order = order
        self.shape = (len(order), array.shape[1])
        self.dtype = array.dtype

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, index: Any) -> Floats:
        """Read rows: by one number, a slice, or an array of numbers or bools."""
        return np.asarray(self._array[self._order[index]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Floats:
        """Read all of them."""
        rows = self[:]
        return rows if dtype is None else rows.astype(dtype, copy=False)


def in_order(array: Floats, order: Int64s | None) -> Floats | Rows:
    """The array itself if it is in this order already, else a view of its rows."""
    if order is None or np.array_equal(order, np.arange(len(array))):
        return array
    return Rows(array, order)
