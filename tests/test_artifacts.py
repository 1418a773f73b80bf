"""What is stored is whole or not there, and what is read is right or one error that names it."""

import errno
import json
import os
import resource
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from backfill.artifacts import (
    ORDERS,
    load_array,
    load_numbers,
    load_object,
    replacing,
    save_array,
    save_chunks,
)
from backfill.encoders import checkpoints
from backfill.encoders.classifier import StoredClassifier
from backfill.encoders.model import Encoder
from backfill.errors import InputError
from backfill.params.networks import ResNet
from backfill.relevance import Relevance

TINY = ResNet(family="resnet", blocks=[1], width=4, embedding_dim=6)
LARGE = np.zeros((10_000, 2), np.float32)

WRITERS: dict[str, Callable[[Path], object]] = {
    "array": lambda path: save_array(path, LARGE),
    "chunks": lambda path: save_chunks(path, LARGE.shape, np.float32, [LARGE]),
    "encoder": lambda path: Encoder(TINY, 3, list(range(2000)), 16.0).save(path),
    "classifier": lambda path: StoredClassifier(LARGE, list(range(10_000)), 1.0).save(path.parent),
    "relevance": lambda path: Relevance.from_labels(range(3000), range(3000)).save(path),
    "checkpoint": lambda path: checkpoints.save(path, {"x": torch.zeros(20_000)}),
    "text": lambda path: _write_text(path),
}


def _write_text(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("x" * 100_000)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let the system refuse longer files, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_is_one_error_and_leaves_the_old_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("classifier.npz" if kind == "classifier" else "file.bin")
    path.write_text("old")
    with (
        files_of_at_most(5000),
        pytest.raises(InputError, match=rf"{path.name}: cannot be written \(.*[Ff]ile too large"),
    ):
        WRITERS[kind](path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("refused", ["mkdir", "unlink", "open"])
def test_a_read_only_disk_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, refused, read_only)
    with pytest.raises(InputError, match=r"a\.npy: cannot be written \(Read-only file system\)"):
        save_array(tmp_path / "new" / "a.npy", LARGE)


def test_a_file_does_not_take_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept").write_text("all")
    with pytest.raises(InputError, match="mine: cannot be written"):
        save_array(tmp_path / "mine", LARGE)
    assert (tmp_path / "mine" / "kept").read_text() == "all"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["", ".", "/", "a\0b"])
def test_what_is_no_name_of_a_file_is_an_error(name: str) -> None:
    with pytest.raises(InputError, match="expected the name of a file to write"):
        save_array(Path(name), LARGE)


def header(text: str, version: int = 1) -> bytes:
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode()


FORM = "{'descr': '%s', 'fortran_order': False, 'shape': %s}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        header("{"),
        header("'''"),
        header(FORM % ("<f4", "(" * 3000)),
        header(FORM % ("<f4", "(1000000000000,)")),
        header(FORM % ("<f4", "(0x" + "f" * 5000 + ",)")),
        header(FORM % ("<f4", "(-1,)")),
        header(FORM % ("|O", "(1,)")) + bytes(8),
        header(FORM % ("|S0", "(1000000000000,)")),
        header(FORM % ("<U1", "(1,)")) + b"\xff" * 4,
        header("x" * 100, version=2)[:8] + b"\xff\xff\xff\x7f" + b"x",
        header(FORM % ("<f4", "(1, 1, 1)")) + bytes(5),
        header(FORM % ("<f4", "(2, 2, 2)")) + bytes(8),
    ],
    ids=range(14),
)
def test_a_damaged_array_is_one_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npy: expected ") as found:
        load_array(path)
    assert len(str(found.value)) < 1000


def test_what_is_no_file_is_an_error_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npy")
    (tmp_path / "folder.npy").mkdir()
    for name in ("pipe.npy", "folder.npy"):
        with pytest.raises(InputError, match=rf"{name}: expected an array, got no regular file"):
            load_array(tmp_path / name)


def test_an_array_of_another_form_or_range_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    save_array(path, np.zeros((2, 3)))
    with pytest.raises(InputError, match=r"orders \(S, N\), int64, got \(2, 3\) float64"):
        load_array(path, ORDERS)
    save_array(path, np.array([0, 4, -1]))
    with pytest.raises(InputError, match=r"a\.npy: expected numbers of at least 0, got -1 to 4"):
        load_numbers(path)
    save_array(path, np.array([0, 4]))
    with pytest.raises(InputError, match=r"a\.npy: expected numbers of 0 to 3, got 0 to 4"):
        load_numbers(path, below=4)
    with pytest.raises(InputError, match=r"a\.npy: expected 3 numbers, got 2"):
        load_numbers(path, 3)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"{" * 2_000_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[[1, 2]]",
        b"\xff",
        b"",
        b"1",
    ],
    ids=range(7),
)
def test_a_damaged_object_is_one_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "names.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"names\.json: expected names") as found:
        load_object(path, "names")
    assert len(str(found.value)) < 500


@pytest.mark.parametrize(
    "change",
    [
        {"network": {"family": "resnet", "blocks": [900_000], "width": 4, "embedding_dim": 6}},
        {"network": {"family": "resnet", "blocks": [1], "width": 900_000, "embedding_dim": 6}},
        {"network": {"family": "whitened", "blocks": [1], "width": 4, "embedding_dim": 6,
                     "patch": 900_000}},
        {"network": []},
        {"channels": 10**9},
        {"classes": list(range(100_000))},
        {"classes": "abc"},
        {"scale": None},
        [],
        None,
    ],
    ids=range(10),
)  # fmt: skip
def test_an_encoder_that_is_not_its_settings_is_refused_before_it_is_built(
    tmp_path: Path, change: object
) -> None:
    path = tmp_path / "weights.safetensors"
    made = Encoder(TINY, 3, [1, 2], 16.0)
    settings = {**made.settings, **change} if isinstance(change, dict) else change
    save_file(made.state_dict(), path, metadata={"encoder": json.dumps(settings)})
    with pytest.raises(InputError, match=r"weights\.safetensors: expected a readable encoder, got"):
        Encoder.load(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"weight": np.zeros((100_000, 0), np.float32)}, "weight: expected a row per class"),
        ({"classes": np.array([1, 1])}, "classes: expected one for each of 2 rows, all different"),
        ({"classes": np.array([1])}, "classes: expected one for each of 2 rows"),
        ({"scale": np.array(np.nan)}, "scale: expected at most 1,000,000, got nan"),
        ({"scale": np.array(1e300)}, "scale: expected at most 1,000,000, got 1e"),
        ({"weight": np.full((2, 3), 1e30, np.float32)}, "weight: .* a length, got inf in row 0"),
        ({"weight": np.float32([[1], [np.nan]])}, "weight: .* a length, got nan in row 1"),
        ({"weight": np.float32([[1], [1e-30]])}, "weight: .* a length, got 0 in row 1"),
        ({"scale": np.array([1.0, 2.0])}, "scale: expected a factor on cosines"),
        ({"weight": np.array([{}])}, "weight.npy: expected numbers or strings"),
    ],
)
def test_a_classifier_of_another_shape_is_named(
    tmp_path: Path, arrays: dict[str, np.ndarray], message: str
) -> None:
    sound = {"weight": np.ones((2, 3), np.float32), "classes": np.arange(2), "scale": np.array(1.0)}
    np.savez(tmp_path / "classifier.npz", **sound | arrays)
    with pytest.raises(InputError, match=rf"classifier\.npz.*{message}"):
        StoredClassifier.load(tmp_path)


def test_a_compressed_archive_is_not_unpacked(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "classifier.npz", weight=np.zeros((1_000_000, 1), np.float32))
    with pytest.raises(InputError, match=r"classifier\.npz: expected a classifier, uncompressed"):
        StoredClassifier.load(tmp_path)


def test_a_checkpoint_with_a_changed_byte_is_none(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    state = {"for": "me", "x": torch.arange(1000)}
    checkpoints.save(path, state)
    device = torch.device("cpu")
    found = checkpoints.read(path, device)
    assert found is not None
    assert torch.equal(found["x"], state["x"])  # type: ignore[arg-type]
    content = path.read_bytes()
    at = content.index(torch.arange(500, 510).numpy().tobytes())
    path.write_bytes(content[:at] + b"\xff" + content[at + 1 :])
    assert checkpoints.read(path, device) is None
    path.write_bytes(content[:-100])
    assert checkpoints.read(path, device) is None
    torch.save([1], path)
    assert checkpoints.read(path, device) is None
