"""The file layout under data/ and reports/, and the only code that writes there.

A workspace is a pipeline with parameters, a lock and results of its own. `main` is the one at the
root of the repository; others go by the name of their dataset.

    params.yaml, dvc.yaml, dvc.lock    of the workspace main; of others in reports/<workspace>/
    data/<workspace>/plan/             <stage>/<row>.json: all settings that a stage reads
    data/<workspace>/split/            images, labels and groups of each part; relevance; shares
    data/<workspace>/encoders/         <encoder>/: weights, training curve
    data/<workspace>/embeddings/       <encoder>/: training set in views, queries, gallery;
                                       <transform>/<module>/: queries and gallery
    data/<workspace>/transforms/       <transform>/: weights and training curve of each seed
    data/<workspace>/orders/           <order>.npy
    data/<workspace>/evaluate/         <method>/: every query's curve, histograms of distances
    data/<workspace>/costs/            <stage>/<row>.json: time and memory, unknown to DVC
    data/<workspace>/draws/<draw>/     the same folders, but split/, for draws of the encoders after
                                       the first
    reports/<workspace>/<study>/       what people read

Everything is written under a temporary name beside its target and renamed, so that a process that
dies at any moment leaves nothing that looks finished.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from safetensors import SafetensorError

from backfill.arrays import Array, Int64s
from backfill.errors import InputError
from backfill.reading.files import reason
from backfill.reading.json import read_object
from backfill.reading.npy import Form, read_array

# What each stored array has to be; of the axes see Layout.
IMAGES = Form(np.uint8, (4,), "images (N, C, H, W)")
NUMBERS = Form(np.int64, (1,), "one number per item")
VIEWS = Form(np.floating, (3, 4), "views (V, N, D) or (S, V, N, D)")
EMBEDDINGS = Form(np.floating, (3,), "embeddings (S, N, D)")
LOG_VARIANCES = Form(np.floating, (2,), "log-variances (S, N)")
ORDERS = Form(np.int64, (2,), "orders (S, N)")

PARTS = ("train", "query", "gallery")
# Under this name a transform's embeddings hold the log-variance that it predicts.
LOG_VARIANCE = "log_variance"
MAIN_WORKSPACE = "main"


class Layout:
    """Paths of one workspace, relative to the root of the repository.

    Args:
        workspace: its name.
        root: of the repository.
        draw: of the encoders, from 0. What is made from encoders has a folder for each draw.
    """

    def __init__(self, workspace: str = MAIN_WORKSPACE, root: Path = Path(), draw: int = 0) -> None:
        self.workspace = workspace
        self.draw = draw
        self.is_main = workspace == MAIN_WORKSPACE
        self.data = root / "data" / workspace
        self.drawn = self.data / "draws" / str(draw) if draw else self.data
        self.reports = root / "reports" / workspace
        self.home = root if self.is_main else self.reports
        self.params = self.home / "params.yaml"
        self.pipeline = self.home / "dvc.yaml"
        self.split = self.data / "split"

    def absolute(self) -> Layout:
        """The same, for processes that work in other folders."""
        return Layout(self.workspace, self.data.parents[1].resolve(), self.draw)

    def of_draw(self, draw: int) -> Layout:
        """The paths of another draw of the encoders."""
        return Layout(self.workspace, self.data.parents[1], draw)

    def plan(self, stage: str, *row: str) -> Path:
        """The settings that a stage reads."""
        return self.drawn.joinpath("plan", stage, *row).with_suffix(".json")

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
        return self.split / "gallery" / "relevance.npz"

    @property
    def names(self) -> Path:
        """Names of classes and groups, and the protocol of the dataset."""
        return self.split / "gallery" / "names.json"

    def share(self, name: str) -> Path:
        """Rows of the training set in one share of a split, `<split>/<share>`."""
        return self.split / "shares" / f"{name}.npy"

    def encoder(self, name: str) -> Path:
        """Folder of a trained encoder."""
        return self.drawn / "encoders" / name

    def weights(self, name: str) -> Path:
        """Weights of a trained encoder and its classifier."""
        return self.encoder(name) / "weights.safetensors"

    def views(self, name: str) -> Path:
        """Float32 embeddings of the training set in V augmented views.

        (V, N, D) by an encoder, (S, V, N, D) by a transform's module that keeps them.
        """
        return self.embeddings(name) / "train.npy"

    def embeddings(self, name: str, part: str | None = None) -> Path:
        """Folder of an embedding set, or the (S, N, D) float32 array of its query or gallery.

        S is the number of seeds of a transform, and 1 for an encoder.
        """
        folder = self.drawn / "embeddings" / name
        return folder if part is None else folder / f"{part}.npy"

    def transform(self, name: str) -> Path:
        """Folder of a trained transform."""
        return self.drawn / "transforms" / name

    def order(self, name: str) -> Path:
        """(S, N) gallery rows in the order in which they are backfilled, one order per seed."""
        return self.drawn / "orders" / f"{name}.npy"

    def evaluation(self, method: str) -> Path:
        """Folder of a method's results."""
        return self.drawn / "evaluate" / method

    def cost(self, stage: str, *row: str) -> Path:
        """What a stage cost when it last ran."""
        return self.drawn.joinpath("costs", stage, *row).with_suffix(".json")

    def report(self, study: str) -> Path:
        """Folder of a study's report."""
        return self.reports / study

    def checkpoints(self, encoder: str) -> Path:
        """Folder of the checkpoints of an encoder in training."""
        drawn = self.drawn.relative_to(self.data.parent)
        return self.data.parents[1] / ".checkpoints" / drawn / encoder


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`; on success it takes the place of `target`.

    Works for files and for folders. On an error, such as a full disk, the temporary is removed and
    `target` is left as it was.

    Args:
        target: what is to be written.

    Raises:
        InputError: the disk is full, the folder cannot be written, or `target` cannot be the name
            of what was written: it is a folder, and a file would take its place, or no name at all.
    """
    if not target.name or "\0" in str(target):
        raise InputError(f"{str(target)!r}: expected the name of a file to write, got none")
    # The suffix stays last: some writers go by it. .dvcignore knows the pattern.
    temporary = target.with_name(f".{target.stem}.tmp{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(temporary)  # what a process that was killed left behind
        yield temporary
        if target.is_dir() and not target.is_symlink() and temporary.is_dir():
            shutil.rmtree(target)
        os.replace(temporary, target)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{target}: cannot be written ({reason(error)})") from error
    finally:
        with suppress(OSError):
            _remove(temporary)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def save_array(path: Path, array: np.ndarray[Any, Any]) -> None:
    """Write one array as .npy."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, _described(array.dtype, array.shape))
        _write(file, array)


def save_chunks(
    path: Path, shape: Sequence[int], dtype: Any, chunks: Iterable[np.ndarray[Any, Any]]
) -> None:
    """Write an array as .npy from consecutive chunks, with one of them in memory at a time.

    The file has the same bytes as one by :func:`save_array`.

    Args:
        path: of the file.
        shape: of the whole array.
        dtype: of the array.
        chunks: (n, ...) stretches of rows, which follow each other.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, _described(np.dtype(dtype), shape))
        for chunk in chunks:
            assert chunk.dtype == dtype
            assert chunk.shape[1:] == tuple(shape)[1 - chunk.ndim :]
            _write(file, chunk)


def _described(dtype: np.dtype[Any], shape: Sequence[int]) -> dict[str, Any]:
    descr = np.lib.format.dtype_to_descr(dtype)
    return {"descr": descr, "fortran_order": False, "shape": tuple(shape)}


def _write(file: IO[bytes], array: Array) -> None:
    # Not by tofile, which does not say why it fails.
    file.write(np.ascontiguousarray(array).data)


def save_twin(path: Path, of: Path) -> None:
    """Give the file `of` a second name, or copy it if the file system has no links."""
    with replacing(path) as temporary:
        try:
            os.link(of, temporary)
        except OSError:  # this file system has none
            shutil.copyfile(of, temporary)


def load_array(path: Path, form: Form | None = None, *, memory_map: bool = False) -> Array:
    """Read one .npy array, unpickling nothing.

    Args:
        path: of the file.
        form: that it has to have; None: any array of numbers.
        memory_map: whether it stays on disk.

    Raises:
        InputError: the file is missing, damaged, or holds something else.
    """
    if not os.path.exists(path):  # unlike Path's, quiet about folders that cannot be read
        raise InputError(f"{path}: expected an array, got no such file; `dvc repro` makes it")
    return read_array(path, form, memory_map=memory_map)


def load_numbers(path: Path, count: int | None = None, *, below: int | None = None) -> Int64s:
    """Read a stored (N,) array of labels, groups, or rows of another array.

    Args:
        path: of the file.
        count: N; None: any.
        below: a number that none may reach; None: any number from 0.

    Raises:
        InputError: the file is missing or damaged, or a number is out of range.
    """
    numbers: Int64s = load_array(path, NUMBERS)
    if count is not None and len(numbers) != count:
        raise InputError(f"{path}: expected {count:,} numbers, got {len(numbers):,}")
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or (below is not None and high >= below):
        expected = "at least 0" if below is None else f"0 to {below - 1:,}"
        raise InputError(f"{path}: expected numbers of {expected}, got {low:,} to {high:,}")
    return numbers


def load_object(path: Path, what: str) -> dict[str, Any]:
    """Read one JSON object.

    Args:
        path: of the file.
        what: it should hold, for messages.

    Raises:
        InputError: the file is missing or is not a JSON object.
    """
    return read_object(path, what)
