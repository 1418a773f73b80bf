"""Content that is small on disk, and large or endless for who believes it."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

import gzip
import json
import pickle
import struct
import zlib
from functools import cache
from typing import Any

from fuzz.formats import npy_with, png_with

JSON: dict[str, bytes] = {
    "nothing": b"",
    "a NUL": b"\x00",
    "not UTF-8": b'{"a": "caf\xe9"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "1,000 brackets": b"[" * 1000,
    "100,000 brackets": b"[" * 100_000,
    "100,000 nested objects": b'{"a":' * 100_000,
    "closed brackets, 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "an object, 900 deep": b'{"a":' * 900 + b"1" + b"}" * 900,
    "an integer of 5,000 digits": b"9" * 5000,
    "a list of integers of 5,000 digits": b"[" + b"9" * 5000 + b", 1]",
    "a number of 1,000,000 digits": b"[0." + b"9" * 1_000_000 + b"]",
    "1e999": b"[1e999, -1e999, NaN]",
    "a lone surrogate": b'["\\ud800"]',
    "an object with a lone surrogate": b'{"\\ud800": "\\udfff"}',
    "pairs": b'[["a", 1], ["b", 2]]',
    "a string": b'"abc"',
    "two letters": b'["ab", "cd"]',
    "null": b"null",
    "a list of 300,000 lists": b"[" + b"[]," * 300_000 + b"[]]",
    "one key of 1,000,000 letters": b'{"' + b"a" * 1_000_000 + b'": 1}',
    "the same key 100,000 times": b"{" + b'"a": 1,' * 100_000 + b'"a": 2}',
}


def laughs(levels: int = 9, each: int = 9) -> bytes:
    """YAML whose aliases grow to each ** levels."""
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        lines.append(f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * each)}]")
    return "\n".join(lines).encode()


def merges(levels: int = 25) -> bytes:
    """YAML whose merged mappings double at each level."""
    lines = ["m0: &m0 {a: 1}"]
    lines += [f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}" for n in range(1, levels)]
    return "\n".join(lines).encode()


# Each after what is valid, at the top of a mapping.
YAML: dict[str, bytes] = {
    "not UTF-8": b"dataset: caf\xe9\n",
    "UTF-16": "seeds: [0]\n".encode("utf-16"),
    "a month 13": b"seeds: 2020-13-45\n",
    "a date": b"seeds: 2020-12-24\n",
    "!!timestamp x": b"seeds: !!timestamp x\n",
    "!!int x": b"seeds: !!int x\n",
    "!!float x": b"seeds: !!float x\n",
    "!!bool x": b"seeds: !!bool x\n",
    "!!binary x": b"seeds: !!binary x\n",
    "!!int of nothing": b"seeds: !!int ''\n",
    "!!python": b"seeds: !!python/object/apply:os.system ['touch PWNED']\n",
    "!!set": b"seeds: !!set {a, b}\n",
    "!!omap of a word": b"seeds: !!omap x\n",
    "!!pairs": b"seeds: !!pairs [a: 1, a: 2]\n",
    "5,000 digits": b"threads: " + b"9" * 5000 + b"\n",
    "5,000 digits in a list": b"seeds: [" + b"9" * 5000 + b"]\n",
    "5,000 hexadecimal digits": b"threads: 0x" + b"f" * 5000 + b"\n",
    "a sexagesimal number": b"threads: " + b"1:" * 20_000 + b"1\n",
    "1e999": b"threads: 1.0e+999\n",
    "not a number": b"threads: .nan\n",
    "1,000 brackets": b"x: " + b"[" * 1000 + b"\n",
    "1,000 closed brackets": b"x: " + b"[" * 1000 + b"]" * 1000 + b"\n",
    "100,000 brackets": b"x: " + b"[" * 100_000 + b"\n",
    "100,000 closed brackets": b"x: " + b"[" * 100_000 + b"]" * 100_000 + b"\n",
    "100,000 braces": b"x: " + b"{a: " * 100_000 + b"\n",
    "50,000 dashes": b"x:\n " + b"- " * 50_000 + b"a\n",
    "100,000 question marks": b"? " * 100_000,
    "300 unknown keys": b"".join(b"unknown_%d: 1\n" % k for k in range(300)),
    "20,000 unknown keys": b"".join(b"u%d: 1\n" % k for k in range(20_000)),
    "a billion laughs": laughs(),
    "a billion laughs as seeds": laughs() + b"\nseeds: *l8\n",
    "a million laughs": laughs(6, 9) + b"\nseeds: *l5\n",
    "merges that double": merges(),
    "a list in itself": b"seeds: &a [*a]\n",
    "a mapping in itself": b"train: &a {x: *a}\n",
    "merged into itself": b"train: &a {<<: *a}\n",
    "a key that is a mapping": b"? {a: 1}\n: 1\n",
    "a key that is a list": b"? [a]\n: 1\n",
    "keys that are numbers": b"1: 2\nnull: 3\n1.5: 4\n",
    "two documents": b"a: 1\n---\nb: 2\n",
    "a tab": b"a:\n\tb: 1\n",
    "a control character": b"a: \x07\n",
    "an escape": b'x: "\\ud800"\n',
    "an unknown anchor": b"a: *x\n",
    "a key of 1,000,000 letters": b"a" * 1_000_000 + b": 1\n",
    "a word of 1,000,000 letters": b"scale: " + b"a" * 1_000_000 + b"\n",
    "200,000 seeds": b"seeds: [" + b"1, " * 200_000 + b"1]\n",
    "a tag": b"%TAG ! tag:x,2000:\n---\na: 1\n",
    "a name outside": b"dataset: {name: ../../victim}\n",
    "a study outside": b"main: ../../victim\n",
    "a command": b'dataset: {name: "x; touch PWNED #"}\n',
    "an index that faiss aborts on": b"evaluate: {search: HNSW0}\n",
    "an index without cells": b'evaluate: {search: "IVF0,Flat"}\n',
}  # fmt: skip


@cache
def palette_png(side: int) -> bytes:
    """A square PNG of one colour, a thousandth as long as its pixels are many."""
    packer = zlib.compressobj(9)
    row = bytes(side + 1)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 3, 0, 0, 0)
    return png_with(
        [(b"IHDR", header), (b"PLTE", b"\x00\x00\x00"), (b"IDAT", data), (b"IEND", b"")]
    )


def npy(shape: str, dtype: str = "'<f4'", body: bytes = b"") -> bytes:
    """An array's file that says what it likes."""
    return npy_with(f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}", body)


NPY: dict[str, bytes] = {
    "nothing": b"",
    "a magic string": b"\x93NUMPY",
    "no header": b"\x93NUMPY\x01\x00",
    "version 9": b"\x93NUMPY\x09\x00\x10\x00" + b" " * 16,
    "a header of 4 GB": b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}",
    "a header of 60,000 brackets": npy_with("(" * 59_000),
    "a header of 200 brackets": npy_with("{'descr': '<f4', 'fortran_order': False, 'shape': " + "(" * 200 + ")" * 200),
    "an open string": npy_with("{'descr': '<f4"),
    "an open bracket": npy_with("{'descr': '<f4', 'fortran_order': False, 'shape': (3,"),
    "not Python": npy_with("{'descr': '<f4' 'x' : = }"),
    "a NUL in the header": npy_with("{'descr': '<f4\x00', 'fortran_order': False, 'shape': (3,), }"),
    "more keys": npy_with("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}"),
    "keys that cannot be sorted": npy_with("{'descr': '<f4', 1: False, None: (3,), }"),
    "an exabyte": npy("(1000000000000000000,)"),
    "40 GB": npy("(10000000000,)"),
    "1 GB": npy("(250000000,)"),
    "an overflow": npy("(4294967296, 4294967296, 4)"),
    "a shape of 5,000 digits": npy("(" + "9" * 4000 + ",)"),
    "a negative shape": npy("(-1,)", body=bytes(400)),
    "two negative lengths": npy("(-2, -2)", body=bytes(400)),
    "a shape of truths": npy("(True, True)", body=bytes(4)),
    "a shape of floats": npy("(2.0,)", body=bytes(8)),
    "no row of many columns": npy("(0, 1000000000000000000)"),
    "many rows of no column": npy("(1000000000, 0)"),
    "many rows of no column, more": npy("(1000000000000000000, 0)"),
    "40 dimensions": npy("(" + "1, " * 40 + ")", body=bytes(4)),
    "objects": npy("(1,)", "'|O'", pickle.dumps([1])),
    "an object that runs a command": npy("(1,)", "'|O'", b"cos\nsystem\n(S'touch PWNED'\ntR."),
    "fields": npy("(1,)", "[('a', '<f4'), ('b', '<i8')]", bytes(12)),
    "a subarray of a billion": npy("(1,)", "('<f4', (1000000000,))"),
    "a string of a billion letters": npy("(1,)", "'<U500000000'"),
    "empty strings": npy("(3,)", "'<U0'"),
    "empty bytes, a billion": npy("(1000000000,)", "'|V0'"),
    "letters outside Unicode": npy("(1,)", "'<U1'", b"\xff\xff\xff\xff"),
    "half of a pair": npy("(1,)", "'<U1'", b"\x00\xd8\x00\x00"),
    "bytes that are not UTF-8": npy("(1,)", "'|S1'", b"\xff"),
    "times": npy("(1,)", "'<M8[ns]'", bytes(8)),
    "complex numbers": npy("(1,)", "'<c8'", bytes(8)),
    "a number": npy("()", body=bytes(4)),
    "an archive": b"PK\x05\x06" + bytes(18),
    "a pickle": pickle.dumps([1, 2]),
    "a pickle that runs a command": b"cos\nsystem\n(S'touch PWNED'\ntR.",
    "text": b"1 2 3\n",
    "longer than it says": npy("(1,)", body=bytes(400)),
}  # fmt: skip


def gz(line: bytes, size: int) -> bytes:
    """A compressed repetition of a line."""
    return gzip.compress(line * (size // len(line)), 6)


def doubled(times: int) -> Any:
    """A list of two times the list of two times the list ..."""
    inner: Any = []
    for _ in range(times):
        inner = [inner, inner]
    return inner


def pickled(value: Any, protocol: int = 2) -> bytes:
    """A pickle."""
    return pickle.dumps(value, protocol)


def jsonl(*values: Any) -> bytes:
    """Lines of JSON."""
    return "".join(json.dumps(value) + "\n" for value in values).encode()
