"""Reads pickles of plain data without trusting them.

A pickle is a program that may call any function. Here a machine of its own runs it, which knows
containers, strings, numbers and NumPy arrays, calls nothing, and stops at bounds that a ground
truth does not come near.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backfill.datasets.pickle_machine import NotAllowed, run
from backfill.datasets.pickled_arrays import Expansion
from backfill.errors import InputError
from backfill.reading.files import read_bytes, reason

_BYTES = 16 << 20


def unpickle(path: Path) -> Any:
    """Load a pickle of containers, strings, numbers and NumPy arrays; calls nothing else.

    Args:
        path: the pickle, of any protocol, written by Python 2 or 3.

    Returns:
        Its content, with lists in place of arrays, tuples and sets.

    Raises:
        InputError: the file is missing, damaged or too large, or asks for anything else, which is
            named.
    """
    data = read_bytes(path, "a pickle", _BYTES)
    try:
        return Expansion().of(run(data))
    except NotAllowed as error:
        raise InputError(
            f"{path}: expected only containers, strings, numbers and NumPy arrays, got {error}; "
            "not loaded"
        ) from None
    except Exception as error:  # a damaged pickle may raise anything
        raise InputError(f"{path}: expected a readable pickle, got: {reason(error)}") from error
