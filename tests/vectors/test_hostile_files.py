"""Files that promise more than they hold, or are none: one error each, at once."""

import gzip
import json
import mmap
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from upgrade_folders import folder

from backfill.errors import InputError
from backfill.judgements import lines as judged_lines
from backfill.judgements import read_qrels, read_run
from backfill.reading.memory import at_most
from backfill.texts import Texts
from backfill.vectors import check, copies, read
from backfill.vectors.formats import registry
from backfill.vectors.formats.registry import FORMATS
from backfill.vectors.lists import lines
from backfill.vectors.lists.lines import Lines
from backfill.vectors.lists.registry import LIST_FORMATS


def vectors(path: Path) -> object:
    return copies.mapped(path, FORMATS[path.suffix](path))


def values(path: Path) -> object:
    return list(LIST_FORMATS[path.suffix](path, ("ids",)))


READERS: dict[str, Callable[[Path], object]] = {
    **{f"old{suffix}": vectors for suffix in (".npy", ".npz", ".parquet", ".safetensors")},
    **{f"ids{suffix}": values for suffix in (".npy", ".txt", ".json", ".jsonl", ".parquet")},
    "qrels.tsv": read_qrels,
    "qrels.tsv.gz": read_qrels,
    "run.txt": read_run,
    "corpus.jsonl": Texts.read,
}
KINDS: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("absent"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused_and_not_waited_for(
    name: str, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    KINDS[kind](path)
    with pytest.raises(InputError, match=name):
        READERS[name](path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["old.npy", "ids.txt", "qrels.tsv", "corpus.jsonl", "qrels"])
def test_a_folder_with_something_else_in_it_is_one_error(
    name: str, kind: str, tmp_path: Path
) -> None:
    path = folder(tmp_path / "f")
    (path / name).unlink(missing_ok=True)
    if (name, kind) == ("qrels", "a folder"):
        (path / name).mkdir()
        KINDS["a pipe"](path / name / "a.tsv")
    else:
        KINDS[kind](path / name)
    with pytest.raises(InputError, match=name):
        read(path)
    assert not check(path).ok


def long_header(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 10))
        file.truncate(2**32 + 100)


def zeros(path: Path) -> None:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (700, 1024), }"
    header = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w") as file,
    ):
        file.write(header)
        file.write(bytes(700 * 1024 * 4))


def many_members(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for at in range(1001):
            archive.writestr(f"{at}.npy", b"")


def header_of(said: object, data: bytes = b"abcd") -> bytes:
    header = json.dumps(said).encode()
    return struct.pack("<Q", len(header)) + header + data


def wide_list(path: Path) -> None:
    row = np.random.default_rng(0).normal(size=2**20 + 1).astype("f4")
    column = pa.FixedSizeListArray.from_arrays(pa.array(row), len(row))
    pq.write_table(pa.table({"v": column}), path)


def ragged_lists(path: Path) -> None:
    rows = pa.array(np.zeros(800_000, np.float16))
    column = pa.ListArray.from_arrays(pa.array([0, 10, 800_000], pa.int32()), rows)
    pq.write_table(pa.table({"v": column.cast(pa.list_(pa.float32()))}), path)


TENSOR = {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}
BOMBS: dict[str, tuple[str, bytes | Callable[[Path], None], str]] = {
    "header of 4 GB": ("old.npy", long_header, "a header of 4,294,967,286 bytes"),
    "zeros": ("old.npz", zeros, "got 2,867,200 bytes from"),
    "arrays": ("old.npz", many_members, "expected one 2-D array, got 1,001 arrays"),
    "tensors": (
        "old.safetensors",
        header_of({f"x{at}": {**TENSOR} for at in range(20_000)}),
        "got: a header of",
    ),
    "dimensions": (
        "old.safetensors",
        header_of({"x": TENSOR | {"shape": [1] * 9999}}),
        r"got shape \(1, 1, 1, 1, 1, 1, \.\.\.\)$",
    ),
    "wide rows": ("old.parquet", wide_list, "expected at most 1,048,576 dimensions"),
    "lists of zeros": ("old.parquet", ragged_lists, "got 3,200,000 bytes from"),
    "brackets": ("ids.json", b"[" + b"[]," * 2**20 + b"[]]", "got lists or objects"),
    "blank lines": ("qrels.tsv", b"\n" * 200_000, "line 100001: expected text, got 100,000 blank"),
    "packed text": (
        "qrels.tsv.gz",
        gzip.compress(b"q 0 d 1\n" * 50_000),
        "expected text, got more than",
    ),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_small_file_that_unpacks_to_a_large_one_is_refused(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_SMALL", 1 << 20)
    monkeypatch.setattr(judged_lines, "_SHORT", 1 << 16)
    name, content, message = BOMBS[case]
    path = tmp_path / name
    path.write_bytes(content) if isinstance(content, bytes) else content(path)
    with pytest.raises(InputError, match=message) as caught:
        READERS[name](path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("name", ["ids.parquet", "old.parquet"])
@pytest.mark.parametrize("chunk", range(4))  # of two columns in each of two groups of rows
def test_a_column_chunk_that_contradicts_itself_does_not_end_the_process(
    chunk: int, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    columns = {"ids": [f"d{k}" for k in range(80)], "v": np.linspace(1, 2, 80)}
    pq.write_table(pa.table(columns), path, row_group_size=40)
    # No repetitions are counted, but 40 rows that are there: now it is four numbers of repetitions.
    counts = b"\x06\x19\x26\x00\x50"
    before, *pieces = path.read_bytes().split(counts)
    assert len(pieces) == 4
    damaged = [b"\x46" + counts[1:] if at == chunk else counts for at in range(4)]
    path.write_bytes(before + b"".join(map(b"".join, zip(damaged, pieces, strict=True))))
    with pytest.raises(InputError, match=f"{name}: expected a Parquet file, got: "):
        READERS[name](path)


def test_brackets_inside_strings_are_no_lists(tmp_path: Path) -> None:
    texts = ["[" * 2**20, '"]{"', "é"]
    (tmp_path / "ids.json").write_text(json.dumps(texts))
    assert values(tmp_path / "ids.json") == texts


def test_lines_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_BLOCK", 16)
    path = tmp_path / "ids.txt"
    rows = ["a" * 15, "", "b" * 16, "cd", "", "e" * 3]
    for end in ("", "\n"):
        path.write_text("\n".join(rows) + end)
        assert list(Lines(path)) == Lines(path)[:] == rows
    path.write_text("a\n" + "b" * 17)
    with pytest.raises(InputError, match=r"ids\.txt: line 2: expected at most 16 bytes"):
        Lines(path)


HALVES = {
    "ids.jsonl": b'"a"\n"\\ud800"',
    "ids.json": b'["a", "\\ud800"]',
    "ids.npy": np.array(["a", "\ud800"]),
}


@pytest.mark.parametrize("name", HALVES)
def test_half_a_surrogate_pair_is_no_text(name: str, tmp_path: Path) -> None:
    path, content = tmp_path / name, HALVES[name]
    path.write_bytes(content) if isinstance(content, bytes) else np.save(path, content)
    with pytest.raises(InputError, match=r"surrogates|in row 1"):
        values(path)


def test_bytes_and_numbers_that_are_no_characters_are_named_by_row(tmp_path: Path) -> None:
    np.save(tmp_path / "ids.npy", np.array([b"a", b"\xff"]))
    with pytest.raises(InputError, match="expected UTF-8, got invalid start byte in row 1"):
        values(tmp_path / "ids.npy")
    np.save(tmp_path / "ids.npy", np.array(["ab", "cd"]))
    raw = (tmp_path / "ids.npy").read_bytes()
    (tmp_path / "ids.npy").write_bytes(raw[:-4] + b"\xff\xff\xff\x7f")
    with pytest.raises(InputError, match="expected characters, got other numbers in row 1"):
        values(tmp_path / "ids.npy")
    np.save(tmp_path / "ids.npy", np.array(["ab", "cd"]).astype(">U2"))
    assert values(tmp_path / "ids.npy") == ["ab", "cd"]


def test_one_long_label_does_not_widen_all_of_them(tmp_path: Path) -> None:
    path = folder(tmp_path / "f")
    (path / "labels.txt").write_text("\n".join(["x" * 300_000] + ["y"] * 299))
    with pytest.raises(InputError, match=r"labels\.txt: expected short names, got one of 300,000"):
        read(path)


def test_memory_that_is_not_there_cannot_be_taken() -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("only Linux counts it")
    with pytest.raises(OSError, match="allocate memory"), at_most(1 << 26):
        mmap.mmap(-1, 1 << 28, flags=mmap.MAP_PRIVATE)  # memory that was freed is there already
    mmap.mmap(-1, 1 << 28, flags=mmap.MAP_PRIVATE).close()
