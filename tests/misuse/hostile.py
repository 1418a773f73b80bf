"""What a caller may hand over by mistake, whatever was asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

BIG = 2**31
VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "0": lambda: 0,
    "-1": lambda: -1,
    "2.5": lambda: 2.5,
    "1e300": lambda: 1e300,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "2^31": lambda: BIG,
    "10^30": lambda: 10**30,
    "numpy 0.5": lambda: np.float32(0.5),
    "empty string": lambda: "",
    "string": lambda: "nonsense",
    "bytes": lambda: b"bytes",
    "surrogate": lambda: "\ud800",
    "path": lambda: Path("/nowhere/at/all"),
    "empty list": list,
    "ragged": lambda: [[1, 2], [3]],
    "nested None": lambda: [None, [None]],
    "mixed": lambda: [1, "a", None],
    "huge integers": lambda: [2**64, 1],
    "huge and negative": lambda: [2**64 - 1, -1],
    "dictionary": lambda: {"a": 1},
    "empty dictionary": dict,
    "set": lambda: {1, 2},
    "generator": lambda: (i for i in range(3)),
    "object": lambda: object(),
    "function": lambda: len,
    "type": lambda: int,
    "0-d": lambda: np.array(1.0),
    "uint64": lambda: np.array([2**64 - 1, 0], np.uint64),
    "bools": lambda: np.array([True, False]),
    "NaN": lambda: np.full((3, 2), np.nan),
    "infinite": lambda: np.full((3, 2), np.inf, np.float32),
    "zeros": lambda: np.zeros((3, 2)),
    "no rows": lambda: np.zeros((0, 3)),
    "no columns": lambda: np.zeros((3, 0)),
    "3-D": lambda: np.ones((2, 2, 2)),
    "integers": lambda: np.ones((4, 3), np.int64),
    "complex": lambda: np.ones((4, 3), complex),
    "strings": lambda: np.array([["a", "b"]]),
    "objects": lambda: np.array([object(), None]),
    "dates": lambda: np.array(["2020-01-01"], "datetime64[D]"),
    "records": lambda: np.zeros(3, [("a", "f4"), ("b", "i4")]),
    "masked": lambda: np.ma.masked_array(np.ones((4, 3)), np.eye(4, 3, dtype=bool)),
    "longdouble": lambda: np.ones((4, 3), np.longdouble),
    "pair of ragged": lambda: ([[1.0], [1.0, 2.0]], [[1.0]]),
    "pair of None": lambda: (None, None),
    "pair of strings": lambda: ("a", "b"),
    "tensor with a gradient": lambda: torch.ones(4, 3, requires_grad=True),
    "bfloat16": lambda: torch.ones(4, 3, dtype=torch.bfloat16),
}
