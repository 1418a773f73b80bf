"""Small folders as a user has them, and files in every format."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

ITEMS, SAMPLED, QUERIES, OLD, NEW = 300, 100, 60, 8, 12
SAMPLE = np.sort(np.random.default_rng(7).permutation(ITEMS)[:SAMPLED])


def spaces(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same items in two spaces, of 8 and 12 dimensions."""
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(4, OLD)), rng.normal(size=(4, NEW))
    items = np.random.default_rng(seed).normal(size=(count, 4))
    old, new = ((items @ by).astype(np.float32) for by in maps)
    return old, new


def arrays() -> dict[str, Any]:
    """A folder without mistakes."""
    (old, new), (queries_old, queries_new) = spaces(ITEMS, 1), spaces(QUERIES, 2)
    return {
        "old": old,
        "new": new[SAMPLE],
        "sample": SAMPLE,
        "queries_old": queries_old,
        "queries_new": queries_new,
    }


def folder(path: Path, **changed: Any) -> Path:
    """Write a folder without mistakes, but for what is changed; None leaves a file out."""
    path.mkdir(exist_ok=True)
    for name, values in (arrays() | changed).items():
        if values is not None:
            np.save(path / f"{name}.npy", values)
    return path


def write_npy(path: Path, array: np.ndarray) -> None:
    np.save(path, array)


def write_npz(path: Path, array: np.ndarray) -> None:
    np.savez_compressed(path, vectors=array, rows=np.arange(len(array)))


def write_safetensors(path: Path, array: np.ndarray) -> None:
    save_file({"vectors": array}, path)


def write_lists(path: Path, array: np.ndarray) -> None:
    pq.write_table(pa.table({"name": ["x"] * len(array), "vector": list(array)}), path)


def write_fixed(path: Path, array: np.ndarray) -> None:
    column = pa.FixedSizeListArray.from_arrays(pa.array(array.ravel()), array.shape[1])
    pq.write_table(pa.table({"v": column}), path)


def write_columns(path: Path, array: np.ndarray) -> None:
    pq.write_table(pa.table({f"d{k}": array[:, k] for k in range(array.shape[1])}), path)


WRITERS: dict[str, tuple[str, Callable[[Path, np.ndarray], None]]] = {
    "npy": (".npy", write_npy),
    "npz": (".npz", write_npz),
    "safetensors": (".safetensors", write_safetensors),
    "parquet, lists": (".parquet", write_lists),
    "parquet, lists of one length": (".parquet", write_fixed),
    "parquet, a column per dimension": (".parquet", write_columns),
}
