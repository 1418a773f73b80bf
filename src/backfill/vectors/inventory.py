"""Which files a folder has, and which it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from backfill.errors import InputError
from backfill.vectors.judged import qrels_of
from backfill.vectors.lists.lines import Lines
from backfill.vectors.names import BEIR, LISTS, QRELS, QRELS_FOLDER, VECTORS
from backfill.vectors.reading import GALLERY, QUERIES, Reading

T = TypeVar("T")


class File(NamedTuple):
    """A file that was found.

    Attributes:
        name: what it is found as.
        file: its name in the folder.
        rows: how many, or None if it cannot be read.
        width: dimensions of its vectors, or None.
        dtype: of its vectors, or None.
        holds: what it is for, in words.
    """

    name: str
    file: str
    rows: int | None
    width: int | None
    dtype: str | None
    holds: str


class Missing(NamedTuple):
    """A name without a file.

    Attributes:
        name: of the file.
        required: whether nothing can be said without it.
        holds: what would be in it, in words.
        without: what follows, in words.
    """

    name: str
    required: bool
    holds: str
    without: str


def inventory(reading: Reading) -> tuple[list[File], list[Missing]]:
    """List the files of a folder, and the names without one that could be of use."""
    files = [*_vectors(reading), *_lists(reading), *_qrels(reading)]
    return files, list(_missing(reading, {file.name for file in files}))


def _vectors(reading: Reading) -> Iterator[File]:
    for name, kind in VECTORS.items():
        for path in reading.folder.named(name):
            stored = _or_none(lambda name=name: reading.stored(name))  # type: ignore[misc]
            rows, width = (None, None) if stored is None else stored.shape
            dtype = None if stored is None else stored.dtype.name
            yield File(name, path.name, rows, width, dtype, kind.holds)


def _lists(reading: Reading) -> Iterator[File]:
    for name, kind in LISTS.items():
        for path in reading.folder.named(name):
            values = _or_none(lambda name=name: reading.values(name))  # type: ignore[misc]
            yield File(
                name, path.name, None if values is None else len(values), None, None, kind.holds
            )
    for name in BEIR:
        beir = reading.folder.beir(name)
        if beir is not None:
            lines = _or_none(lambda beir=beir: Lines(beir))  # type: ignore[misc]
            holds = f"{LISTS[name].holds}, and their ids"
            yield File(name, beir.name, None if lines is None else len(lines), None, None, holds)


def _qrels(reading: Reading) -> Iterator[File]:
    files = _or_none(reading.folder.qrels)
    if files:
        qrels = _or_none(lambda: qrels_of(reading))
        name = files[0].name if len(files) == 1 else f"{QRELS_FOLDER}/"
        rows = None if qrels is None else sum(map(len, qrels.values()))
        yield File(QRELS_FOLDER, name, rows, None, None, QRELS.holds)


def _missing(reading: Reading, there: set[str]) -> Iterator[Missing]:
    """What is not there, where it would be of use."""
    needless = set(_needless(reading, there))
    for name, kind in (VECTORS | LISTS).items():
        if name not in there | needless:
            yield Missing(name, kind.required, kind.holds, kind.without)
    by_label = {"labels", "query_labels"} if "queries_old" in there else {"labels"}
    if QRELS_FOLDER not in there and not by_label <= there:
        yield Missing("qrels or labels", QRELS.required, QRELS.holds, QRELS.without)


def _needless(reading: Reading, there: set[str]) -> Iterator[str]:
    """Names that need no file."""
    if "queries_old" not in there:
        yield from QUERIES[1:]
        yield "query_weights"
    if QRELS_FOLDER in there or not {"labels", "query_labels"} & there:
        yield from ("labels", "query_labels")
    for side in (GALLERY, QUERIES):
        beside = _or_none(lambda side=side: reading.ids_beside(side.vectors))  # type: ignore[misc]
        if beside is not None or (side.texts in there and reading.folder.beir(side.texts)):
            yield side.ids
    old, new = (_or_none(lambda name=name: reading.stored(name)) for name in ("old", "new"))  # type: ignore[misc]
    if new is None or new.ids is not None or (old is not None and new.shape[0] == old.shape[0]):
        yield "sample"


def _or_none(read: Callable[[], T]) -> T | None:
    """What can be read; what cannot is told elsewhere."""
    try:
        return read()
    except InputError:
        return None
