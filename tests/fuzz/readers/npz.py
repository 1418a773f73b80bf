"""Archives of arrays: results, relevance, classifiers."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from backfill.encoders.classifier import StoredClassifier
from backfill.relevance import Relevance
from backfill.results import BackfillCurve, Histogram, MethodResult
from fuzz.formats import zipped
from fuzz.readers import bombs
from fuzz.registry import Change, cases, content, reader


def archive(**arrays: Any) -> bytes:
    """An archive of arrays."""
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def with_member(path: str, member: str, data: bytes, method: int = 0) -> Change:
    """The change of one member."""

    def change(folder: Path) -> None:
        with zipfile.ZipFile(folder / path) as file:
            members = {name: file.read(name) for name in file.namelist()}
        content(path, zipped(members | {member: data}, method))(folder)

    return change


def with_zeros(path: str, member: str, values: int) -> Change:
    """The change that makes a member of so many zeros, in a thousandth of their size."""

    def change(folder: Path) -> None:
        with zipfile.ZipFile(folder / path) as file:
            members = {name: file.read(name) for name in file.namelist() if name != member}
        with zipfile.ZipFile(folder / path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            for name, data in members.items():
                file.writestr(name, data)
            with file.open(member, "w", force_zip64=True) as out:
                out.write(bombs.npy(f"({values},)"))
                for _ in range(0, values, 1 << 20):
                    out.write(bytes(4 << 20))

    return change


def zeros(size: int, shape: str) -> bytes:
    """An array of zeros, all of them there."""
    return bombs.npy(shape, "'<f4'", bytes(size))


def lying(data: bytes) -> bytes:
    """An archive whose members say that they are 3 GB."""
    changed = data.replace(b"PK\x01\x02", b"PK\x01\x02", 1)
    at = changed.index(b"PK\x01\x02")
    return changed[: at + 20] + struct.pack("<II", 3 << 30, 3 << 30) + changed[at + 28 :]


def encrypted(data: bytes) -> bytes:
    """An archive whose first member says that it is encrypted."""
    at = data.index(b"PK\x01\x02")
    return data[: at + 8] + b"\x01" + data[at + 9 :]


def of_archives(path: str, member: str, valid: bytes) -> dict[str, Change]:
    """Hostile archives, and hostile arrays within a whole one."""
    found = {
        "nothing": content(path, b""),
        "text": content(path, b"hello"),
        "half": content(path, valid[: len(valid) // 2]),
        "an array": content(path, bombs.npy("(1,)", body=bytes(4))),
        "an empty archive": content(path, b"PK\x05\x06" + bytes(18)),
        "a member of 3 GB that is not there": content(path, lying(valid)),
        "encrypted": content(path, encrypted(valid)),
        "60,000 members": content(path, lambda: zipped({f"{k}.npy": b"" for k in range(60_000)})),
        "a member outside": content(path, zipped({"../../victim.npy": b""})),
        "another compression": content(path, zipped({member: b"x"}, 14)),
        "1 GB of zeros, in a few MB": with_zeros(path, member, 1 << 28),
    }
    found |= {
        f"a member: {name}": with_member(path, member, data) for name, data in bombs.NPY.items()
    }
    return found


def results(folder: Path) -> None:
    """What the evaluation of a method leaves."""
    rng = np.random.default_rng(0)
    curve = BackfillCurve(
        np.linspace(0, 1, 4), rng.random((6, 4)), {k: rng.random((6, 4)) < 0.5 for k in (1, 5)}
    )
    histogram = Histogram(np.linspace(0, 4, 6), rng.integers(0, 9, 5), rng.integers(0, 9, 5))
    MethodResult("rm", (curve, curve), {"before": histogram, "after": histogram}).save(folder)


@reader("results", results, share=2)
def read_results(folder: Path) -> object:
    """A method's curves and histograms, and what reports compute of them."""
    found = MethodResult.load(folder)
    for curve in found.curves:
        queries, times = curve.average_precision.shape
        assert curve.fraction.shape == (times,)
        assert all(hits.shape == (queries, times) for hits in curve.hits.values())
        assert np.isfinite([curve.auc_map, *curve.auc_cmc.values()]).all()
    for histogram in found.distances.values():
        assert len(histogram.edges) == len(histogram.positive) + 1 == len(histogram.negative) + 1
    return found


def _results_bytes() -> bytes:
    return archive(
        name=np.array("rm"), fraction=np.linspace(0, 1, 4), hits_1=np.zeros((2, 6, 4), bool),
        average_precision=np.ones((2, 6, 4), "f4"),
    )  # fmt: skip


cases("results", of_archives("curves.npz", "average_precision.npy", _results_bytes()))
cases(
    "results",
    {
        f"the name: {name}": with_member("curves.npz", "name.npy", data)
        for name, data in bombs.NPY.items()
    },
)
cases(
    "results",
    {
        "hits of a word": with_member("curves.npz", "hits_x.npy", zeros(48, "(2, 6, 1)")),
        "hits of 10**5000": with_member(
            "curves.npz", f"hits_{'9' * 5000}.npy", zeros(48, "(2, 6, 1)")
        ),
        "no seeds": with_member("curves.npz", "average_precision.npy", zeros(0, "(0, 6, 4)")),
        "no queries": with_member("curves.npz", "average_precision.npy", zeros(0, "(2, 0, 4)")),
        "no fractions": with_member("curves.npz", "fraction.npy", zeros(0, "(0,)")),
        "edges of another number": with_member(
            "distances.npz", "before_edges.npy", zeros(8, "(2,)")
        ),
        "histograms: half": content("distances.npz", archive(before_edges=np.zeros(3))[:200]),
    },
)


def relevance(folder: Path) -> None:
    """Who is relevant to whom."""
    labels = np.arange(12) % 3
    Relevance.from_labels(labels, labels, ignore_self=True).save(folder / "relevance.npz")


@reader("relevance", relevance)
def read_relevance(folder: Path) -> object:
    """Relevance, of which every query's rows are looked up."""
    found = Relevance.load(folder / "relevance.npz")
    return [(found.positives(q), found.ignored(q)) for q in range(min(found.num_queries, 1000))]


def _relevance_bytes() -> bytes:
    return archive(gallery_size=np.array(3), positive_set=np.zeros(2, int))


cases("relevance", of_archives("relevance.npz", "positive_indices.npy", _relevance_bytes()))
cases(
    "relevance",
    {f"the size: {name}": with_member("relevance.npz", "gallery_size.npy", data)
     for name, data in bombs.NPY.items()},
)  # fmt: skip


def classifier(folder: Path) -> None:
    """The classifier beside an encoder's embeddings."""
    weight = np.random.default_rng(0).normal(size=(4, 6)).astype("f4")
    StoredClassifier(weight, [0, 1, 2, 5], 16.0).save(folder)


@reader("classifier", classifier)
def read_classifier(folder: Path) -> object:
    """A classifier that scores items."""
    found = StoredClassifier.load(folder)
    assert found.weight.ndim == 2
    assert found.weight.dtype == np.float32
    assert 0 not in found.weight.shape
    assert len(found.classes) == len(found.weight)
    assert all(type(label) is int for label in found.classes)
    assert np.isfinite(found.scale)
    items = np.ones((3, found.weight.shape[1]), np.float32)
    assert np.isfinite(found.scores(items)).all()
    return found


cases(
    "classifier",
    of_archives("classifier.npz", "weight.npy", archive(weight=np.zeros((2, 2)), scale=1.0)),
)
cases(
    "classifier",
    {
        "10,000,000 rows of no column": with_member("classifier.npz", "weight.npy", zeros(0, "(10000000, 0)")),
        "no rows": with_member("classifier.npz", "weight.npy", zeros(0, "(0, 6)")),
        "a row of zeros": with_member("classifier.npz", "weight.npy", zeros(96, "(4, 6)")),
        "classes in two dimensions": with_member("classifier.npz", "classes.npy", bombs.npy("(2, 2)", "'<i8'", bytes(32))),
        "classes of another number": with_member("classifier.npz", "classes.npy", bombs.npy("(3,)", "'<i8'", bytes(24))),
        "classes of floats": with_member("classifier.npz", "classes.npy", zeros(16, "(4,)")),
        "a scale of NaN": with_member("classifier.npz", "scale.npy", bombs.npy("()", "'<f8'", struct.pack("<d", float("nan")))),
        "two scales": with_member("classifier.npz", "scale.npy", zeros(8, "(2,)")),
    },
)  # fmt: skip
