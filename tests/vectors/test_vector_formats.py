import json
import os
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file
from upgrade_folders import WRITERS

from backfill.errors import InputError
from backfill.vectors import copies
from backfill.vectors.formats import registry
from backfill.vectors.formats.registry import FORMATS
from backfill.vectors.lists.registry import LIST_FORMATS

VECTORS = np.random.default_rng(0).normal(size=(50, 6))


def opened(path: Path) -> np.ndarray:
    return copies.mapped(path, FORMATS[path.suffix](path))


def test_the_formats_are_those_that_are_promised() -> None:
    assert set(FORMATS) >= {".npy", ".npz", ".parquet", ".safetensors"}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("form", WRITERS)
def test_every_format_gives_back_what_was_written(
    form: str, dtype: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "BLOCK_BYTES", 7 * 6 * np.dtype(dtype).itemsize)
    suffix, write = WRITERS[form]
    path = tmp_path / f"old{suffix}"
    write(path, VECTORS.astype(dtype))
    found = opened(path)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, VECTORS.astype(dtype))


@pytest.mark.parametrize("suffix", [".npy", ".safetensors"])
def test_what_can_be_mapped_is_mapped_where_it_lies(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"old{suffix}"
    WRITERS[suffix[1:]][1](path, VECTORS)
    found = opened(path)
    assert isinstance(found, np.memmap)
    assert Path(str(found.filename)) == path
    assert os.listdir(tmp_path) == [path.name]


def test_gigabytes_are_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "old.npy"
    shape = (10_000_000, 384)
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + shape[0] * shape[1] * 4)
    found = opened(path)
    assert found.shape == shape
    assert found[[3, 9_999_999]].shape == (2, 384)


@pytest.mark.parametrize("array", [np.asfortranarray(VECTORS), VECTORS.astype(">f4")])
def test_another_layout_is_copied(array: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "old.npy", array)
    found = opened(tmp_path / "old.npy")
    assert Path(str(found.filename)) == tmp_path / ".backfill" / "old.npy"
    assert found.flags.c_contiguous
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, array)


def test_bfloat16_becomes_float32(tmp_path: Path) -> None:
    values = np.array([[1.0, -2.5], [3e38, 0.0078125]], np.float32)
    halves = (values.view(np.uint32) >> 16).astype("<u2")
    told = {"x": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}
    header = json.dumps(told).encode()
    path = tmp_path / "new.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + halves.tobytes())
    expected = (halves.astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(opened(path), expected)


def test_a_copy_is_made_once_and_anew_when_the_source_changes(tmp_path: Path) -> None:
    path = tmp_path / "old.npz"
    np.savez(path, a=VECTORS)
    opened(path)
    copy = copies.copy_of(path)
    before = copy.stat().st_mtime_ns
    opened(path)
    assert copy.stat().st_mtime_ns == before
    np.savez(path, a=2 * VECTORS)
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(opened(path), 2 * VECTORS)


def test_a_copy_whose_record_is_missing_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "old.npz"
    np.savez(path, a=VECTORS)
    opened(path)
    np.save(copies.copy_of(path), 3 * VECTORS)
    copies.copy_of(path).with_suffix(".json").unlink()
    np.testing.assert_array_equal(opened(path), VECTORS)


def test_a_damaged_source_leaves_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "old.parquet"
    pq.write_table(pa.table({"v": [[1.0, 2.0]] * 9 + [[1.0]]}), path)
    with pytest.raises(InputError, match=r"expected 2 numbers in each row, .* got 1 in row 9"):
        opened(path)
    assert not copies.copy_of(path).exists()


def test_a_disk_without_room_is_an_error_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.npz"
    np.savez(path, a=VECTORS)
    monkeypatch.setattr(copies.shutil, "disk_usage", lambda _: type("D", (), {"free": 10}))
    with pytest.raises(InputError, match=r"expected room for a copy .* got 0\.0 GiB free"):
        opened(path)


def test_ids_stand_beside_vectors_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "old.parquet"
    pq.write_table(pa.table({"_id": ["a", "b"], "vector": [[1.0], [2.0]]}), path)
    ids = FORMATS[".parquet"](path).ids
    assert ids is not None
    assert list(ids()) == ["a", "b"]


TABLES = {
    "ragged": ({"v": [[1.0, 2.0], [1.0]]}, "got 1 in row 1"),
    "null": ({"v": [[1.0, 2.0], None]}, "got null in row 1"),
    "null inside": ({"v": [[1.0, 2.0], [1.0, None]]}, "got null in row 1"),
    "empty lists": ({"v": [[], []]}, "got v: list<element: null>"),
    "integers": ({"v": [[1, 2]]}, "expected a column with lists of floats"),
    "two": ({"a": [[1.0]], "b": [[1.0]]}, "or one of them named old, got a, b"),
    "none": ({"a": ["x"]}, "got a: string"),
    "null number": ({"a": [1.0, None], "b": [1.0, 2.0]}, "got null in row 1"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_without_clear_vectors_is_one_error(case: str, tmp_path: Path) -> None:
    columns, message = TABLES[case]
    path = tmp_path / "old.parquet"
    pq.write_table(pa.table(columns), path)
    with pytest.raises(InputError, match=message) as caught:
        opened(path)
    assert str(path) in str(caught.value)


ARRAYS = {
    "objects": (np.array([["a", 1]], dtype=object), "got Python objects, which are never unpick"),
    "integers": (np.ones((2, 2), np.int8), "expected float16, float32 or float64, got int8"),
    "complex": (np.ones((2, 2), complex), "expected float16, float32 or float64, got complex"),
    "one dimension": (np.ones(3), r"got shape \(3,\)"),
    "no rows": (np.ones((0, 3)), r"got shape \(0, 3\)"),
    "no width": (np.ones((3, 0)), r"got shape \(3, 0\)"),
}


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
@pytest.mark.parametrize("case", ARRAYS)
def test_another_array_is_one_error(case: str, suffix: str, tmp_path: Path) -> None:
    array, message = ARRAYS[case]
    path = tmp_path / f"old{suffix}"
    np.save(path, array) if suffix == ".npy" else np.savez(path, a=array)
    with pytest.raises(InputError, match=message):
        opened(path)


def test_of_several_arrays_the_one_with_two_dimensions_is_meant(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", rows=np.arange(50), v=VECTORS)
    np.testing.assert_array_equal(opened(tmp_path / "a.npz"), VECTORS)
    np.savez(tmp_path / "b.npz", u=VECTORS, v=VECTORS)
    with pytest.raises(InputError, match=r"expected one 2-D array, got u \(50, 6\), v \(50, 6\)"):
        opened(tmp_path / "b.npz")
    save_file({"u": VECTORS, "v": VECTORS}, tmp_path / "c.safetensors")
    with pytest.raises(InputError, match="expected one 2-D tensor, got u"):
        opened(tmp_path / "c.safetensors")


def header(shape: str) -> bytes:
    said = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(said)) + said.encode()


def zipped(name: str, data: bytes, claimed: int | None = None) -> bytes:
    import io

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    raw = buffer.getvalue()
    if claimed is not None:  # in the directory, and before the data
        raw = raw.replace(struct.pack("<I", len(data)), struct.pack("<I", claimed))
    return raw


HOSTILE = {
    "npy, empty": (".npy", b""),
    "npy, no header": (".npy", b"\x93NUMPY\x01\x00"),
    "npy, huge shape": (".npy", header("(1000000000000, 1000000000000)") + b"x" * 64),
    "npy, negative shape": (".npy", header("(-1, 4)") + b"x" * 64),
    "npy, no tuple": (".npy", header("__import__('os')") + b"x" * 64),
    "npy, deep": (".npy", header("(" * 90) + b"x" * 64),
    "npy, long header": (".npy", b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"(" * 999),
    "npy, truncated": (".npy", header("(10, 10)") + b"x" * 399),
    "npz, huge shape": (".npz", zipped("a.npy", header("(1000000000, 1000000)") + b"x" * 64)),
    "npz, bomb": (".npz", zipped("a.npy", header("(1000000, 1000)") + b"\0" * 64, 4_000_000_128)),
    "npz, no zip": (".npz", b"PK\x03\x04" + b"\0" * 99),
    "npz, no array": (".npz", zipped("a.txt", b"abc")),
    "npz, garbage": (".npz", zipped("a.npy", b"abc" * 99)),
    "safetensors, empty": (".safetensors", b""),
    "safetensors, absurd header": (".safetensors", struct.pack("<Q", 2**63) + b"{}"),
    "safetensors, long header": (".safetensors", struct.pack("<Q", 10**8) + b"{" * 50),
    "safetensors, deep": (".safetensors", struct.pack("<Q", 10**5) + b"[" * 10**5),
    "safetensors, outside": (
        ".safetensors",
        struct.pack("<Q", 64)
        + b'{"x":{"dtype":"F32","shape":[99,99],"data_offsets":[0,39204]}}'.ljust(64),
    ),
    "parquet, empty": (".parquet", b""),
    "parquet, garbage": (".parquet", b"PAR1" + b"\xff" * 500 + b"PAR1"),
    "parquet, huge footer": (".parquet", b"PAR1" + b"\0" * 99 + b"\xff\xff\xff\x7fPAR1"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_bytes_end_at_once_in_one_error(case: str, tmp_path: Path) -> None:
    suffix, data = HOSTILE[case]
    path = tmp_path / f"old{suffix}"
    path.write_bytes(data)
    begun = time.perf_counter()
    with pytest.raises(InputError, match=str(path)):
        opened(path)
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("form", WRITERS)
def test_damaged_files_raise_nothing_but_input_errors(form: str, tmp_path: Path) -> None:
    suffix, write = WRITERS[form]
    path = tmp_path / f"old{suffix}"
    write(path, VECTORS.astype(np.float32))
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    errors = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 3).tolist():
            damaged[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(
            damaged[: int(rng.integers(1, len(whole)))] if rng.random() < 0.3 else damaged
        )
        try:
            opened(path)
        except InputError:
            errors += 1
    assert errors > 10


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "sprung",))

    path = tmp_path / "old.npy"
    np.save(path, np.array([Trap()], dtype=object), allow_pickle=True)
    for read in (opened, lambda path: LIST_FORMATS[".npy"](path, ())):
        with pytest.raises(InputError, match="Python objects"):
            read(path)
    assert not (tmp_path / "sprung").exists()
