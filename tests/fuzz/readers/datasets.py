"""Datasets in their published layouts: names, lists and images."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import published_trees

from backfill.datasets import ImageSet, load
from backfill.datasets.image_files import ImageFiles
from backfill.datasets.readers.cifar100 import RECORD
from backfill.datasets.readers.glyphs import classes as fonts
from backfill.datasets.registry import READERS as DATASETS
from fuzz.readers.gnd import truth
from fuzz.registry import Change, case, cases, content, reader


def loaded(name: str, **settings: Any) -> object:
    """A dataset, of which the images are decoded."""
    found = load(DATASETS[name].settings.model_validate({"name": name, **settings}))
    parts: list[ImageSet] = [found.train, found.query, found.gallery]
    for part in parts:
        if isinstance(part.images, ImageFiles):
            part.images.decode()
    return found


def _tree(name: str, layout: Callable[[Path], Any], share: float = 0.5, **settings: Any) -> None:
    def make(folder: Path) -> None:
        layout(folder)

    @reader(name, make, share=share)
    def read(folder: Path) -> object:
        return loaded(name, root=folder, size=8, workers=1, **settings)


_tree("imagenet", published_trees.imagenet)
_tree("places365", published_trees.places365, 0.2)
_tree("tiny_imagenet", published_trees.imagenet, 0.2)
_tree("vggface2", published_trees.vggface2)
_tree("market1501", published_trees.market1501)
_tree("gldv2", published_trees.gldv2)


def _classes(folder: Path) -> None:
    published_trees.classes(
        folder, {"train": {"cat": 2, "dog": 2}, "val": {"cat": 2, "dog": 1}}, ".png"
    )


_tree("folder", _classes, 1.0)


@reader("folder: one tree", lambda folder: published_trees.classes(folder, {".": {"a": 3, "b": 3}}))
def _one_tree(folder: Path) -> object:
    return loaded("folder", root=folder, size=8, workers=1)


def _revisited(folder: Path) -> None:
    """ROxford, with a training set of folders."""
    published_trees.classes(folder, {"training": {"a": 2, "b": 2}})
    for name in [*truth()["imlist"], *truth()["qimlist"]]:
        published_trees.paint(folder / "jpg" / f"{name}.jpg", size=(50, 50))
    (folder / "gnd_roxford5k.pkl").write_bytes(pickle.dumps(truth(), 2))


@reader("roxford5k", _revisited)
def _roxford(folder: Path) -> object:
    return loaded("roxford5k", root=folder, train_root=folder / "training", size=8, workers=1)


def _cifar(folder: Path) -> None:
    """As many records as there are classes, and the names of these."""
    rng = np.random.default_rng(0)
    records = rng.integers(0, 255, (100, RECORD), np.uint8)
    records[:, 0], records[:, 1] = np.arange(100) % 20, np.arange(100)
    for name in ("train.bin", "test.bin"):
        (folder / name).write_bytes(records.tobytes())
    for name, count in (("fine", 100), ("coarse", 20)):
        (folder / f"{name}_label_names.txt").write_text(
            "".join(f"{name}_{k}\n" for k in range(count))
        )


@reader("cifar100", _cifar)
def _cifar100(folder: Path) -> object:
    return loaded("cifar100", root=folder)


FACE = "STIXGeneralBol"


def _fonts(folder: Path) -> None:
    """One typeface of matplotlib's."""
    (folder / f"{FACE}.ttf").write_bytes(fonts._path(FACE).read_bytes())


@reader("glyphs: fonts", _fonts, share=0.5)
def _glyphs(folder: Path) -> object:
    """A few letters of a typeface that lies elsewhere."""
    original = fonts._path
    for kept in (fonts.code_points, fonts._font):
        kept.cache_clear()
    fonts._path = lambda typeface: folder / f"{typeface}.ttf"
    try:
        return [fonts.render(FACE, letter) for letter in "AgÅ1"]
    finally:
        fonts._path = original


def _moved(old: str, new: bytes) -> Change:
    """The change that gives a file or folder a name of bytes."""

    def change(folder: Path) -> None:
        target = os.path.join(os.fsencode(folder), new)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(os.path.join(os.fsencode(folder), old.encode()), target)

    return change


_HOSTILE = {
    "caf\\xe9": b"caf\xe9", "a | in it": b"a|b", "a line break": b"a\nb", "HTML": b"<b>x</b>", "half of a pair": b"\xed\xa0\x80",
    "a blank": b" ", "a command": b"$(touch PWNED)", "255 letters": b"x" * 255, "an escape": b"\x1b[31mred",
    "from right to left": "\u202eabc".encode(), "a tab": b"a\tb", "a quote": b"a'b\"c",
}  # fmt: skip
for _name, _as in _HOSTILE.items():
    case("folder", f"a class called {_name}")(_moved("train/dog", b"train/" + _as))
    case("imagenet", f"a class called {_name}")(_moved("train/n01440764", b"train/" + _as))
    case("folder: one tree", f"a class called {_name}")(_moved("a", _as))
    if len(_as) < 200:
        case("folder", f"an image called {_name}")(
            _moved("train/dog/dog_0.png", b"train/dog/" + _as + b".png")
        )
        case("market1501", f"an image called {_name}")(
            _moved("query/" + sorted(published_trees.MARKET["query"])[0], b"query/" + _as + b".jpg")
        )
        case("vggface2", f"a person called {_name}")(_moved("train/n000002", b"train/" + _as))


@case("folder", "a folder that links to itself")
def _loop(folder: Path) -> None:
    (folder / "train" / "cat" / "deeper").symlink_to(folder)
    (folder / "train" / "deeper").symlink_to(folder)


@case("gldv2", "an index that links to itself")
def _index_loop(folder: Path) -> None:
    (folder / "index" / "deeper").symlink_to(folder / "index")


@case("gldv2", "an index 400 deep")
def _deep(folder: Path) -> None:
    path = os.fsencode(folder) + b"/index" + b"/d" * 400
    os.makedirs(path)


_CSV = {
    "nothing": b"",
    "a NUL": b"landmark_id,images\n1,\x00\n",
    "not UTF-8": b"landmark_id,images\n1,caf\xe9\n",
    "an open quote": b'landmark_id,images\n1,"abc\n',
    "an open quote of 2 MB": b'landmark_id,images\n1,"' + b"a," * 1_000_000,
    "100,000 columns": b"a," * 100_000 + b"b\n",
    "a line of 2 MB": b"landmark_id,images\n1," + b"0" * 2_000_000 + b"\n",
    "300,000 empty lines": b"landmark_id,images\n" + b"\n" * 300_000,
    "another separator": b"landmark_id;images\n1;2\n",
    "more fields than columns": b"landmark_id,images\n1,2,3,4\n",
    "fewer fields than columns": b"landmark_id,images\n1\n",
    "the same column twice": b"landmark_id,landmark_id\n1,2\n",
    "an id outside": b"landmark_id,images\n1,../../../victim\n",
    "UTF-16": "landmark_id,images\n".encode("utf-16"),
    "carriage returns": b"landmark_id,images\r1,2\r",
    "a mark": b"\xef\xbb\xbflandmark_id,images\n1,0000000000000000\n",
}
cases("gldv2", {f"train_clean.csv: {n}": content("train_clean.csv", d) for n, d in _CSV.items()})
cases(
    "gldv2",
    {
        f"the solution: {n}": content(
            "retrieval_solution_v2.1.csv", d.replace(b"landmark_id,images", b"id,images,Usage")
        )
        for n, d in _CSV.items()
    },
)
cases(
    "vggface2",
    {
        f"identity_meta.csv: {n}": content(
            "identity_meta.csv", d.replace(b"landmark_id,images", b"Class_ID, Gender")
        )
        for n, d in _CSV.items()
    },
)
cases(
    "cifar100",
    {
        "names that are not UTF-8": content("fine_label_names.txt", b"caf\xe9\n" * 100),
        "groups that are not UTF-8": content("coarse_label_names.txt", b"\xff\xfe" * 20),
        "a name 100 times": content("fine_label_names.txt", b"a\n" * 100),
        "one name too few": content("fine_label_names.txt", b"a\n" * 99),
        "5,000,000 names": content("fine_label_names.txt", b"a " * 1_000_000),
        "a NUL in a name": content("coarse_label_names.txt", b"a\x00\n" * 20),
        "no records": content("train.bin", b""),
        "half of a record": content("train.bin", bytes(RECORD // 2)),
        "one record": content("test.bin", bytes(RECORD)),
        "class 255": content("test.bin", b"\x01\xff" + bytes(RECORD - 2)),
        "superclass 255": content("test.bin", b"\xff\x01" + bytes(RECORD - 2)),
    },
)
for _file in ("train.bin", "test.bin", "fine_label_names.txt"):

    @case("cifar100", f"a folder called {_file}")
    def _folder(folder: Path, file: str = _file) -> None:
        (folder / file).unlink()
        (folder / file).mkdir()


cases(
    "glyphs: fonts",
    {
        "nothing": content(f"{FACE}.ttf", b""),
        "text": content(f"{FACE}.ttf", b"hello"),
        "a header alone": content(f"{FACE}.ttf", b"\x00\x01\x00\x00\x00\x10" + bytes(99)),
    },
)
