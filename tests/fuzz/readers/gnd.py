"""Pickles with the ground truth of ROxford and RParis."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np

from backfill.datasets.readers.revisited.gnd import read_gnd
from fuzz.readers import bombs
from fuzz.registry import cases, content, reader

NAME = "gnd_roxford5k.pkl"


def truth(**changes: Any) -> dict[str, Any]:
    """A ground truth of two queries, with changes of the first one's answer."""
    answer = {"bbx": [1.0, 2.0, 30.0, 40.0], "easy": [0, 1], "hard": [2], "junk": [3]}
    return {
        "imlist": [f"image_{k}" for k in range(5)],
        "qimlist": ["query_0", "query_1"],
        "gnd": [answer | changes, answer | {"easy": np.array([1, 4]), "hard": np.array([], int)}],
    }


def made(folder: Path) -> None:
    """A pickle as it is published."""
    (folder / NAME).write_bytes(pickle.dumps(truth(), 2))


@reader("gnd", made, share=2)
def read(folder: Path) -> object:
    """The ground truth."""
    found = read_gnd(folder / NAME)
    for answer in found.answers:
        assert np.isfinite(np.array(answer.box, np.float64)).all()
        for rows in (answer.easy, answer.hard, answer.junk):
            assert all(type(row) is int and 0 <= row < len(found.gallery) for row in rows)
    return found


class _Command:
    def __reduce__(self) -> Any:
        import os

        return os.system, ("touch PWNED",)


def _array(shape: Any, dtype: bytes, data: bytes) -> bytes:
    """A pickled array that says what it likes."""
    return (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01"
        + pickle.dumps(shape, 2)[2:-1]
        + b"cnumpy\ndtype\nU"
        + struct.pack("<B", len(dtype))
        + dtype
        + b"K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U"
        + struct.pack("<B", len(data))
        + data
        + b"tb."
    )


_PICKLES: dict[str, bytes] = {
    "nothing": b"",
    "a memo of 150 million": b"\x80\x02Nr" + struct.pack("<I", 150_000_000) + b".",
    "a memo of 4 billion": b"\x80\x02Nr\xff\xff\xff\xff.",
    "a memo of 150 million, in text": b"Np150000000\n.",
    "lists doubled 30 times": bombs.pickled(bombs.doubled(30)),
    "lists doubled 30 times, in place of names": pickle.dumps(truth() | {"imlist": bombs.doubled(30)}, 2),
    "lists doubled 30 times, in place of an answer": pickle.dumps(truth(easy=bombs.doubled(30)), 2),
    "a list in itself": b"\x80\x02]q\x00h\x00a.",
    "a dictionary in itself": b"\x80\x02}q\x00K\x01h\x00s.",
    "lists 100,000 deep": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "tuples 100,000 deep": b"\x80\x02)" + b"\x85" * 100_000 + b".",
    "100,000 marks": b"\x80\x02" + b"(" * 100_000 + b".",
    "10,000,000 Nones": b"\x80\x02]" + b"(" + b"N" * 2_000_000 + b"e.",
    "no stop": b"\x80\x02N",
    "only a stop": b".",
    "a frame of an exabyte": b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x0f.",
    "a text of 4 GB": b"\x80\x02X\xff\xff\xff\xff.",
    "a text of 2 GB": b"\x80\x02X\xff\xff\xff\x7fabc.",
    "a text of an exabyte": b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x0f.",
    "bytes of an exabyte": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x0f.",
    "bytes of 1 GB": b"\x80\x04\x8e\x00\x00\x00\x40\x00\x00\x00\x00.",
    "bytes of 2 GB": b"\x80\x03B\xff\xff\xff\x7f.",
    "a bytearray of 1 GB": b"\x80\x05\x96\x00\x00\x00\x40\x00\x00\x00\x00.",
    "an integer of 2 GB": b"\x80\x02\x8b\xff\xff\xff\x7f.",
    "an integer of 100,000 bytes": b"\x80\x02\x8b" + struct.pack("<i", 100_000) + b"\x7f" * 100_000 + b".",
    "an integer of 1,000,000 digits": b"L" + b"9" * 1_000_000 + b"L\n.",
    "a number of 1,000,000 digits": b"F0." + b"9" * 1_000_000 + b"\n.",
    "a command": pickle.dumps(_Command(), 2),
    "a command, in text": b"cos\nsystem\n(S'touch PWNED'\ntR.",
    "a command, by instance": b"(S'touch PWNED'\nios\nsystem\n.",
    "getattr": b"c__builtin__\ngetattr\n(cos\nsystem\nS'x'\ntR.",
    "eval": b"c__builtin__\neval\n(S'1+1'\ntR.",
    "numpy's load": b"cnumpy\nload\n(S'/etc/passwd'\ntR.",
    "a class of ours": b"cbackfill.datasets.plain_pickle\nunpickle\n(S'x'\ntR.",
    "a dotted name": b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__base__\x93.",
    "an allowed name alone": b"cnumpy\nndarray\n.",
    "a dtype alone": b"cnumpy\ndtype\n(S'f4'\ntR.",
    "a dtype of nothing": b"cnumpy\ndtype\n(tR.",
    "a set of lists": b"c__builtin__\nset\n(](l]atR.",
    "a set of a text": b"c__builtin__\nset\n(S'abc'\ntR.",
    "an unknown protocol": b"\x80\xff.",
    "a persistent id": b"Px\n.",
    "an extension": b"\x82\x01.",
    "a buffer": b"\x80\x05\x97.",
    "a lone surrogate": b"V\\ud800\n.",
    "a billion empty rows": _array((10**9, 0), b"f4", b""),
    "more rows than there are": _array((10**9,), b"f4", b"1234"),
    "a negative shape": _array((-1,), b"f4", b"1234"),
    "a shape of text": _array("x", b"f4", b"1234"),
    "a shape of None": _array(None, b"f4", b"1234"),
    "40 dimensions": _array((1,) * 70, b"f4", b"1234"),
    "a dtype of objects": _array((1,), b"O8", b"12345678"),
    "a dtype of fields": _array((1,), b"f4,f4", b"12345678"),
    "a dtype of a gigabyte": _array((1,), b"S999999999", b"12345678"),
    "a dtype of 10**20": _array((1,), b"S99999999999999999999", b"12345678"),
    "a dtype of zero": _array((3,), b"S0", b"12345678"),
    "letters outside Unicode": _array((1,), b"U1", b"\xff\xff\xff\xff"),
    "text": b"hello\n",
    "an array": bombs.npy("(3,)", body=bytes(12)),
    "only a list": pickle.dumps([1, 2], 2),
    "keys of numbers": pickle.dumps({1: 2, None: 3}, 2),
    "keys that are not there": pickle.dumps({}, 2),
}  # fmt: skip

_ANSWERS: dict[str, Any] = {
    "NaN as a position": {"easy": [float("nan")]},
    "infinity as a position": {"easy": [float("inf")]},
    "a half as a position": {"easy": [0.5]},
    "True as a position": {"easy": [True]},
    "10**5000 as a position": {"easy": [10**5000]},
    "1e300 as a position": {"hard": [1e300]},
    "a position twice": {"easy": [1, 1, 1]},
    "a million positions": {"junk": [4] * 1_000_000},
    "a negative position": {"junk": [-1]},
    "one too many": {"junk": [5]},
    "a text as a position": {"easy": ["1"]},
    "a text of positions": {"easy": "12"},
    "a dictionary of positions": {"easy": {1: 2}},
    "positions in two dimensions": {"easy": np.zeros((2, 2), int)},
    "positions by an array of floats": {"easy": np.array([0.0, 1.0])},
    "a box of NaN": {"bbx": [float("nan")] * 4},
    "a box of infinity": {"bbx": [0, 0, float("inf"), 1]},
    "a box of 10**5000": {"bbx": [0, 0, 10**5000, 1]},
    "a box of 10**400": {"bbx": [0, 0, 10**400, 1]},
    "a box inside out": {"bbx": [30, 40, 1, 2]},
    "a box of five": {"bbx": [1, 2, 3, 4, 5]},
    "no box": {"bbx": None},
}

_NAMES: dict[str, Any] = {
    "a name outside": "../../victim",
    "an absolute name": "/etc/passwd",
    "an empty name": "",
    "a name of two dots": "..",
    "a name of a dot": ".",
    "a name with a NUL": "a\x00b",
    "a name with a line break": "a\nb",
    "a name of half of a pair": "\ud800",
    "a name of 10,000,000 letters": "a" * 10_000_000,
    "a name of bytes": b"abc",
    "a name that is a number": 3,
}

cases("gnd", {name: content(NAME, data) for name, data in _PICKLES.items()})
cases(
    "gnd",
    {name: content(NAME, pickle.dumps(truth(**answer), 2)) for name, answer in _ANSWERS.items()},
)
cases(
    "gnd",
    {
        name: content(NAME, pickle.dumps(truth() | {"imlist": ["a", value]}, 4))
        for name, value in _NAMES.items()
    },
)
cases(
    "gnd",
    {
        f"gnd: {name}": content(NAME, pickle.dumps(truth() | {"gnd": value}, 2))
        for name, value in {
            "None": None,
            "numbers": [1, 2],
            "one too few": [truth()["gnd"][0]],
            "a dictionary": {0: 1, 1: 2},
            "a text": "ab",
        }.items()
    },
)
