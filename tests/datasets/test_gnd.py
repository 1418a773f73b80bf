"""Ground truth files of any origin are read, and reading them runs nothing."""

import os
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfill.datasets.plain_pickle import unpickle
from backfill.datasets.readers.revisited.gnd import read_gnd
from backfill.errors import InputError

TRUTH: dict[str, Any] = {
    "imlist": ["a", "b", "c"],
    "qimlist": ["q"],
    "gnd": [{"easy": np.array([2, 0]), "hard": [1], "junk": np.array([]), "bbx": [1, 2, 3.5, 4]}],
}


def write(folder: Path, content: Any, protocol: int = 2) -> Path:
    path = folder / "gnd_roxford5k.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "value",
    [
        np.arange(6, dtype="<i4").reshape(2, 3),
        np.arange(6, dtype=">i8"),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([], np.int64),
        np.array(["all_souls_000013", "ü"]),
        np.array([b"abc", b"d"]),
        np.array([True, False]),
        np.array(["a", [1, 2]], dtype=object),
        np.float32(1.5),
        [np.int64(3), {"k": (np.float64(2.5), {1, 2}, frozenset({3}))}, b"bytes", None, "text"],
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'dtype', '')}",
)
def test_arrays_scalars_and_containers_come_back(tmp_path: Path, value: Any, protocol: int) -> None:
    def expected(value: Any) -> Any:
        if isinstance(value, np.ndarray | np.generic):
            return expected(value.tolist())
        if isinstance(value, dict):
            return {key: expected(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [expected(item) for item in value]
        return value

    assert unpickle(write(tmp_path, value, protocol)) == expected(value)


def test_what_python_2_wrote(tmp_path: Path) -> None:
    """In protocol 2 of Python 2, text and the bytes of arrays are byte strings, opcode U."""
    data = np.arange(2, dtype="<i8").tobytes()
    path = tmp_path / "old.pkl"
    path.write_bytes(
        b"\x80\x02}(U\x04easycnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85"
        b"U\x01b\x87R(K\x01K\x02\x85cnumpy\ndtype\nU\x02i8K\x00K\x01\x87R"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U"
        + bytes([len(data)])
        + data
        + b"tbu."
    )
    assert unpickle(path) == {"easy": [0, 1]}


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (os.system, ("touch {marker}",), f"{os.name}.system"),
        (eval, ("open('{marker}', 'w')",), "builtins.eval"),
        (getattr, ("x", "upper"), "builtins.getattr"),
        (np.load, ("{marker}",), "numpy.load"),
        (Counter, (), "collections.Counter"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_malicious_pickle_is_named_and_not_run(
    tmp_path: Path, function: Any, arguments: tuple[str, ...], name: str, protocol: int
) -> None:
    marker = tmp_path / "marker"
    call = Call(function, *(text.format(marker=marker) for text in arguments))
    path = write(tmp_path, TRUTH | {"gnd": [call]}, protocol)
    with pytest.raises(
        InputError, match=rf"gnd_roxford5k\.pkl: expected .*, got {name}; not loaded"
    ):
        read_gnd(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(VO\ntRS'12345678'\ntR.", "dtype 'O'"),
        (b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(Vi8\ntRI99999999999\ntR.", "a int in"),
        (b"c_codecs\nencode\n(Vabc\nVbz2\ntR.", "encoding 'bz2'"),
        (b"c__builtin__\nbytes\n(I99999999999\ntR.", "expected a readable pickle"),
        (
            b"(lp0\ng0\na.",
            "expected a readable pickle, got: .*one in itself",
        ),  # a list within itself
        (b"cnumpy\ndtype\n(VO8\ntR.", "got a PickledType"),
    ],
)
def test_what_only_looks_like_an_array_is_an_error(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "gnd_roxford5k.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_gnd(path)


DOUBLED = b"(l" + b"".join(b"p%d\n(lg%d\nag%d\na" % (k, k, k) for k in range(30)) + b"."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Nr" + (150_000_000).to_bytes(4, "little") + b".", "expected a dict"),
        (DOUBLED, "expected a readable pickle, got: more than"),
        (
            b"]" * 400_001,
            "a pickle of more than 400,000 steps",
        ),
        (b"(" * 100 + b"]" + b"l" * 100 + b".", "containers in each other"),
        (b"\x96" + (1 << 40).to_bytes(8, "little") + b".", "expected a readable pickle"),
        (b"I" + b"9" * 5000 + b"\n.", "expected a readable pickle"),
        (b"\x8b" + (4000).to_bytes(4, "little") + b"\x7f" * 4000 + b".", "more than 64 bits"),
        (b"}K\x01Ns.", "a int as a key"),
        (b"c__builtin__\nset\n}Vx\nNsb.", "a state of a Global"),
        (b"cos\nsystem\n.", "a os.system"),
        (b"Pother\n.", "opcode PERSID"),
        (b"\xff", "expected a readable pickle, got: no opcode"),
        (b"0.", "expected a readable pickle"),
    ],
    ids=range(13),
)
def test_what_would_take_all_memory_is_refused_at_once(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "gnd_roxford5k.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"gnd_roxford5k\.pkl: .*{message}"):
        read_gnd(path)


def test_a_file_larger_than_any_ground_truth_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "gnd_roxford5k.pkl"
    with path.open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(InputError, match="expected a pickle of at most 16,777,216 bytes"):
        read_gnd(path)


@pytest.mark.parametrize("content", [b"", b"not a pickle", pickle.dumps(TRUTH)[:-20]])
def test_damaged_files_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gnd_roxford5k.pkl"
    with pytest.raises(InputError, match="expected a pickle, got no such file"):
        read_gnd(path)
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"gnd_roxford5k\.pkl: expected a readable pickle"):
        read_gnd(path)


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    truth = read_gnd(write(tmp_path, TRUTH))
    (answer,) = truth.answers
    assert (answer.easy, answer.hard, answer.junk) == ([0, 2], [1], [])
    assert answer.box == [1, 2, 3.5, 4]
    assert (truth.gallery, truth.queries) == (["a", "b", "c"], ["q"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"imlist": []}, "imlist: expected a list of image names, got "),
        ({"qimlist": None}, "qimlist: expected a list of image names, got "),
        ({"imlist": ["../a", "b", "c"]}, r"imlist: expected bare image names, got '\.\./a'"),
        ({"gnd": []}, "gnd: expected 1 as in qimlist, got 0 entries"),
        ({"gnd": 5}, "gnd: expected 1 as in qimlist, got int"),
        ({"gnd": [{}]}, r"gnd\[0\]\.bbx: expected four finite numbers, got None"),
        (
            {"gnd": [TRUTH["gnd"][0] | {"bbx": [1, 2]}]},
            r"bbx: expected four .*, got \[1, 2\]",
        ),
        (
            {"gnd": [TRUTH["gnd"][0] | {"easy": "x"}]},
            r"gnd\[0\]\.easy: expected a list of positions, got 'x'",
        ),
        (
            {"gnd": [TRUTH["gnd"][0] | {"easy": [float("nan")]}]},
            r"gnd\[0\]\.easy: expected a list of positions, got \[nan\]",
        ),
        (
            {"gnd": [TRUTH["gnd"][0] | {"easy": [0.5]}]},
            r"gnd\[0\]\.easy: expected positions, got 0\.5",
        ),
        (
            {"gnd": [TRUTH["gnd"][0] | {"bbx": [1, 2, 3, float("inf")]}]},
            r"bbx: expected four finite numbers, got \[1, 2, 3, inf\]",
        ),
        (
            {"gnd": [TRUTH["gnd"][0] | {"junk": [3]}]},
            r"junk: expected positions in imlist, 0 to 2, got 3",
        ),
        (
            {"gnd": [TRUTH["gnd"][0] | {"hard": [-1]}]},
            r"hard: expected positions in imlist, 0 to 2, got -1",
        ),
    ],
)
def test_another_form_is_named_with_its_key(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_gnd(write(tmp_path, TRUTH | change))
    with pytest.raises(InputError, match=r"expected a dict of imlist.*, got a list"):
        read_gnd(write(tmp_path, [TRUTH]))
