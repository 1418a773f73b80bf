"""The file layout under data/ and reports/, and the only code that writes there.

    data/<dataset>/split/       images, labels and groups of each part; relevance; allocation
    data/<dataset>/encoders/    <encoder>/: weights, training curve
    data/<dataset>/embeddings/  <encoder>/ and <transform>/<module>/: one .npy a part
    data/<dataset>/transforms/  <transform>/: weights, training curve, by seed
    data/<dataset>/orders/      <order>.npy
    data/<dataset>/evaluate/    <study>/<method>/: every query's curve, distance histograms
    data/<dataset>/costs/       <stage>/<row>.json: time and memory that it took
    reports/<dataset>/          <study>/: what people read

Everything is written to a temporary name beside its target and renamed, so that a process that
dies at any moment leaves nothing that looks finished.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError

from backfill.errors import InputError

PARTS = ("train", "query", "gallery")
# Under this name a transform's embeddings hold its doubted module's log-variance.
LOG_VARIANCE = "log_variance"


class Layout:
    """Paths of one dataset's artifacts, relative to the repository root."""

    def __init__(self, dataset: str, root: Path = Path()) -> None:
        self.dataset = dataset
        self.data = root / "data" / dataset
        self.reports = root / "reports" / dataset
        self.split = self.data / "split"
        self.evaluations = self.data / "evaluate"

    def absolute(self) -> Layout:
        """The same, for processes that work in other folders."""
        return Layout(self.dataset, self.data.parents[1].resolve())

    def images(self, part: str) -> Path:
        """(N, C, H, W) uint8 images of a part."""
        return self.split / part / "images.npy"

    def labels(self, part: str) -> Path:
        """(N,) int64 class of each item of a part."""
        return self.split / part / "labels.npy"

    def groups(self, part: str) -> Path:
        """(N,) int64 group (typeface, superclass, ...) of each item of a part."""
        return self.split / part / "groups.npy"

    @property
    def relevance(self) -> Path:
        """Relevance of the gallery to each query."""
        return self.split / "relevance.npz"

    def allocation(self, part: str) -> Path:
        """Rows of the training set in one part of a split, `<split>/<part>`."""
        return self.split / "rows" / f"{part}.npy"

    def encoder(self, name: str) -> Path:
        """Folder of a trained encoder."""
        return self.data / "encoders" / name

    def weights(self, name: str) -> Path:
        """Weights of a trained encoder and its classifier."""
        return self.encoder(name) / "weights.safetensors"

    def embeddings(self, name: str, part: str | None = None) -> Path:
        """Folder of an embedding set, or the (S, N, D) float32 array of one part of it.

        S is the number of seeds for what a transform made, of views for `train`, else 1.
        """
        folder = self.data / "embeddings" / name
        return folder if part is None else folder / f"{part}.npy"

    def transform(self, name: str) -> Path:
        """Folder of a trained transform."""
        return self.data / "transforms" / name

    def order(self, name: str) -> Path:
        """(S, N) gallery rows in the order in which they are backfilled, one order a seed."""
        return self.data / "orders" / f"{name}.npy"

    def evaluation(self, study: str, name: str) -> Path:
        """Folder of a method's results."""
        return self.evaluations / study / name

    def cost(self, stage: str, *row: str) -> Path:
        """What a stage cost when it was last run."""
        return self.data.joinpath("costs", stage, *row).with_suffix(".json")

    def report(self, study: str) -> Path:
        """Folder of a study's report."""
        return self.reports / study


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on success it takes `target`'s place.

    Works for files and for folders. On an error, or a full disk, the temporary is removed and
    `target` is left as it was.

    Raises:
        InputError: the disk is full or the folder cannot be written.
    """
    # The suffix stays last: some writers go by it. .dvcignore knows the pattern.
    temporary = target.with_name(f".{target.stem}.tmp{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(temporary)  # what a process that was killed left behind
        yield temporary
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(temporary, target)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{target}: cannot be written ({reason})") from error
    finally:
        _remove(temporary)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def save_array(path: Path, array: np.ndarray[Any, Any]) -> None:
    """Write one array as .npy."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)


def save_chunks(
    path: Path, shape: Sequence[int], dtype: Any, chunks: Iterable[np.ndarray[Any, Any]]
) -> None:
    """Write one array of `shape` as .npy, from consecutive chunks, one in memory at a time.

    Each chunk is some more rows of the last dimensions of the array, as many as it has itself. The
    same bytes as those of :func:`save_array`.
    """
    header = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
        "fortran_order": False,
        "shape": tuple(shape),
    }
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in chunks:
            assert chunk.dtype == dtype
            assert chunk.shape[1:] == tuple(shape)[1 - chunk.ndim :]
            np.ascontiguousarray(chunk).tofile(file)


def save_twin(path: Path, of: Path) -> None:
    """Give the file `of` a second name, where the disk allows that, else a copy under it."""
    with replacing(path) as temporary:
        try:
            os.link(of, temporary)
        except OSError:  # Not on this file system.
            shutil.copyfile(of, temporary)


def load_array(path: Path, *, memory_map: bool = False) -> np.ndarray[Any, Any]:
    """Read one .npy array, unpickling nothing.

    Raises:
        InputError: the file is missing, truncated, or holds Python objects.
    """
    try:
        array = np.load(path, mmap_mode="r" if memory_map else None, allow_pickle=False)
    except FileNotFoundError:
        raise InputError(f"{path}: not there; `dvc repro` makes it") from None
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: no readable .npy array ({error})") from error
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path}: an .npz archive where one .npy array was expected")
    return array


def load_object(path: Path, what: str) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        InputError: the file is missing or no JSON object; says that `what` was expected.
    """
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: expected {what} ({error!r})") from error
