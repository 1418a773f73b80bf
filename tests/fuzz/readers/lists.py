"""Lists of ids, labels and texts in every format, and vectors in every format, by themselves."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import upgrade_folders as folders

from backfill.vectors.formats.registry import FORMATS
from backfill.vectors.lists.registry import LIST_FORMATS
from fuzz.readers import bombs
from fuzz.readers.encoders import of_files
from fuzz.readers.npz import archive, of_archives
from fuzz.registry import Change, cases, content, reader

VALUES = [f"item {k}" for k in range(40)]


def _columns(path: Path) -> None:
    pq.write_table(pa.table({"id": VALUES, "label": list(range(40))}), path)


_LISTS = {
    ".json": lambda path: path.write_text(json.dumps(VALUES)),
    ".txt": lambda path: path.write_text("\n".join(VALUES)),
    ".jsonl": lambda path: path.write_bytes(bombs.jsonl(*({"id": value} for value in VALUES))),
    ".npy": lambda path: np.save(path, np.array(VALUES)),
    ".parquet": _columns,
}
assert set(_LISTS) == set(LIST_FORMATS)

for _suffix, _write in _LISTS.items():

    def _make(folder: Path, suffix: str = _suffix) -> None:
        _LISTS[suffix](folder / f"ids{suffix}")

    @reader(f"list {_suffix}", _make)
    def _read(folder: Path, suffix: str = _suffix) -> object:
        values = LIST_FORMATS[suffix](folder / f"ids{suffix}", ("_id", "id"))
        return len(values), list(values[:3]), list(values)


_VECTORS = {
    "npy": (folders.write_npy, ".npy"),
    "npz": (folders.write_npz, ".npz"),
    "safetensors": (folders.write_safetensors, ".safetensors"),
    "parquet, lists": (folders.write_lists, ".parquet"),
    "parquet, fixed lists": (folders.write_fixed, ".parquet"),
    "parquet, columns": (folders.write_columns, ".parquet"),
}
_ROWS = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)

for _name, (_writer, _suffix) in _VECTORS.items():

    def _make_vectors(folder: Path, name: str = _name) -> None:
        write, suffix = _VECTORS[name]
        write(folder / f"old{suffix}", _ROWS)

    @reader(f"vectors .{_name}", _make_vectors, share=0.7)
    def _read_vectors(folder: Path, name: str = _name) -> object:
        suffix = _VECTORS[name][1]
        stored = FORMATS[suffix](folder / f"old{suffix}")
        count = 0
        for block in stored.blocks():
            assert block.shape[1:] == stored.shape[1:]
            assert block.dtype == stored.dtype
            count += len(block)
        assert count == stored.shape[0]
        return None if stored.ids is None else list(stored.ids())


def _parquet(**columns: object) -> bytes:
    out = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), out)
    return bytes(out.getvalue())


def _zeros(rows: int) -> bytes:
    """A column of zeros, which takes a few kilobytes."""
    out = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": pa.array(np.zeros(rows, np.int64))}), out, compression="zstd")
    return bytes(out.getvalue())


def _repeated(rows: int) -> bytes:
    """A column of one long text, over and over."""
    out = pa.BufferOutputStream()
    text = pa.array(["x" * 10_000]).dictionary_encode()
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), text.dictionary)
    pq.write_table(pa.table({"id": column.cast(pa.string())}), out, compression="zstd")
    return bytes(out.getvalue())


def _of_parquet(path: str) -> dict[str, Change]:
    return {
        "nothing": content(path, b""),
        "a magic string": content(path, b"PAR1"),
        "a footer of 2 GB": content(path, b"PAR1" + bytes(30) + b"\xff\xff\xff\x7fPAR1"),
        "a footer of noise": content(path, b"PAR1" + bytes(range(200)) + b"\xc8\x00\x00\x00PAR1"),
        "no columns": content(path, _parquet()),
        "no rows": content(path, _parquet(id=pa.array([], pa.string()))),
        "nulls": content(path, _parquet(id=pa.array(["a", None]))),
        "only nulls": content(path, _parquet(id=pa.nulls(3))),
        "truths": content(path, _parquet(id=[True, False])),
        "structures": content(path, _parquet(id=[{"a": 1}])),
        "lists of lists": content(path, _parquet(id=[[[1.0]]], vector=[[[1.0]]])),
        "bytes": content(path, _parquet(id=[b"\xff"])),
        "times": content(path, _parquet(id=pa.array([1], pa.timestamp("ns")))),
        "decimals": content(path, _parquet(id=pa.array([1], pa.decimal128(38, 2)))),
        "half floats": content(path, _parquet(vector=pa.array([[1.0]], pa.list_(pa.float16())))),
        "empty lists": content(path, _parquet(vector=pa.array([[], []], pa.list_(pa.float32())))),
        "ragged lists": content(path, _parquet(vector=pa.array([[1.0], [1.0, 2.0]], pa.list_(pa.float32())))),
        "lists with nulls": content(path, _parquet(vector=pa.array([[1.0], [None]], pa.list_(pa.float32())))),
        "null lists": content(path, _parquet(vector=pa.array([[1.0], None], pa.list_(pa.float32())))),
        "fixed lists of none": content(path, _parquet(vector=pa.array([[], []], pa.list_(pa.float32(), 0)))),
        "5,000 columns": content(path, lambda: _parquet(**{f"c{k}": [1.0] for k in range(5000)})),
        "100,000,000 zeros": content(path, lambda: _zeros(100_000_000)),
        "1 GB of one text": content(path, lambda: _repeated(100_000)),
        "NaN": content(path, _parquet(id=[float("nan"), 1.0], vector=[[float("nan")], [1.0]])),
        "a column twice": content(path, _twice()),
    }  # fmt: skip


def _twice() -> bytes:
    out = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["id", "id"]), out)
    return bytes(out.getvalue())


def text_cases(path: str) -> dict[str, Change]:
    """Hostile files of lines."""
    return {
        "nothing": content(path, b""),
        "a line break": content(path, b"\n"),
        "300,000 line breaks": content(path, b"\n" * 300_000),
        "not UTF-8": content(path, b"caf\xe9\n" * 40),
        "a lone surrogate": content(path, b"\xed\xa0\x80\n" * 40),
        "UTF-16": content(path, "a\nb\n".encode("utf-16")),
        "NULs": content(path, b"\x00\n" * 40),
        "2 MB without a line break": content(path, b"a" * (2 << 20)),
    }


cases("list .txt", text_cases("ids.txt"))
cases("list .jsonl", text_cases("ids.jsonl"))
cases("list .json", {n: content("ids.json", data) for n, data in bombs.JSON.items()})
cases("list .jsonl", {f"JSON: {n}": content("ids.jsonl", data) for n, data in bombs.JSON.items()})
cases("list .npy", {n: content("ids.npy", data) for n, data in bombs.NPY.items()})
cases("list .parquet", _of_parquet("ids.parquet"))
cases("vectors .npy", {n: content("old.npy", data) for n, data in bombs.NPY.items()})
cases(
    "vectors .npz",
    of_archives("old.npz", "vectors.npy", archive(vectors=_ROWS)),
)
cases("vectors .safetensors", of_files("old.safetensors"))
cases("vectors .parquet, lists", _of_parquet("old.parquet"))
cases("vectors .parquet, columns", _of_parquet("old.parquet"))
