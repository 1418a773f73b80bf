"""Image files are decoded on demand, in chunks, and every bad file is named."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from backfill.artifacts import load_array, save_array, save_chunks
from backfill.datasets import image_files
from backfill.datasets.image_files import ImageFiles, require_decoded
from backfill.errors import InputError


def files(folder: Path, count: int, **settings: object) -> ImageFiles:
    """Write `count` grey images; image k has the value k."""
    for k in range(count):
        Image.new("RGB", (8, 8), (k, k, k)).save(folder / f"{k}.png")
    paths = [str(folder / f"{k}.png") for k in range(count)]
    return ImageFiles(paths, 8, 8, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("workers", [1, 3])
def test_chunks_are_bounded_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(image_files, "CHUNK_BYTES", 4 * 3 * 8 * 8 + 5)
    images = files(tmp_path, 10, workers=workers)
    chunks = list(images.chunks([]))
    assert [len(chunk) for chunk in chunks] == [4, 4, 2]
    assert np.concatenate(chunks)[:, 0, 0, 0].tolist() == list(range(10))
    # Even one image larger than a chunk is decoded.
    monkeypatch.setattr(image_files, "CHUNK_BYTES", 1)
    assert [len(chunk) for chunk in images.chunks([])] == [1] * 10


def test_nothing_is_decoded_before_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    decode = image_files.decode_file
    monkeypatch.setattr(image_files, "CHUNK_BYTES", 2 * 3 * 8 * 8)
    monkeypatch.setattr(
        image_files,
        "decode_file",
        lambda path, *rest: decoded.append(path.name) or decode(path, *rest),
    )
    images = files(tmp_path, 6)[1:][np.array([4, 0, 2])]
    assert len(images) == 3
    assert images.shape == (3, 3, 8, 8)
    assert decoded == []
    chunks = images.chunks([])
    assert next(chunks)[:, 0, 0, 0].tolist() == [5, 1]
    assert sorted(decoded) == ["1.png", "5.png"]
    assert next(chunks)[:, 0, 0, 0].tolist() == [3]


def test_stretch_keeps_the_whole_image_and_crop_its_centre(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 10), (0, 0, 0))
    image.paste((200, 0, 0), (0, 0, 10, 10))
    image.save(tmp_path / "wide.png")
    paths = [str(tmp_path / "wide.png")]
    stretched = ImageFiles(paths, 10, 20, "stretch").decode()
    assert stretched.shape == (1, 3, 10, 20)
    assert stretched[0, 0, 5, 2] == 200
    assert ImageFiles(paths, 10, 20, "crop").decode().max() == 0


def test_boxes_are_cut_out_before_anything_else(tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 40), (0, 0, 0))
    image.paste((200, 0, 0), (10, 20, 30, 30))
    image.save(tmp_path / "a.png")
    # Exif data turns this image; the box still counts the pixels of the file.
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "b.jpg", exif=exif, quality=100, subsampling=0)
    paths = [str(tmp_path / name) for name in ("a.png", "b.jpg")]
    boxes = np.array([[10.2, 19.8, 29.9, 30.1], [11.0, 21.0, 29.0, 29.0]])
    images = ImageFiles(paths, 8, 8, "stretch", boxes=boxes).decode()
    assert images[:, 0].min() > 190
    assert ImageFiles(paths, 8, 8, "stretch").decode()[:, 0].min() < 10
    # Boxes stay with their files.
    whole = np.array([[0, 0, 60, 40], boxes[1]])
    assert ImageFiles(paths, 8, 8, "stretch", boxes=whole)[1:].decode()[:, 0].min() > 190
    # A box is clipped to the image.
    beyond = np.array([[10, 20, 30, 1e6]])
    cut = ImageFiles(paths[:1], 10, 10, "stretch", boxes=beyond).decode()
    assert cut[0, 0, 3, 5] > 190
    assert cut[0, 0, 9, 5] < 10


def test_a_box_without_pixels_is_named_with_its_file(tmp_path: Path) -> None:
    images = files(tmp_path, 2)
    boxes = np.array([[0, 0, 4, 4], [9, 0, 12, 4.0]])
    with pytest.raises(
        InputError,
        match=r"1\.png: expected a box that overlaps .*, got \[9\.0, 0\.0, 12\.0, 4\.0\]",
    ):
        ImageFiles(images.paths, 8, 8, boxes=boxes).decode()
    with pytest.raises(InputError, match=r"boxes: expected shape \(2, 4\), got \(1, 4\)"):
        ImageFiles(images.paths, 8, 8, boxes=boxes[:1])
    boxes[1, 2] = np.nan
    with pytest.raises(
        InputError, match=r"boxes: expected finite numbers, got .*nan.* for .*1\.png"
    ):
        ImageFiles(images.paths, 8, 8, boxes=boxes)


def test_every_bad_file_is_named_and_leaves_zeros(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_files, "CHUNK_BYTES", 2 * 3 * 8 * 8)
    images = files(tmp_path, 6)
    (tmp_path / "1.png").write_bytes(b"")
    (tmp_path / "3.png").unlink()
    whole = (tmp_path / "5.png").read_bytes()
    (tmp_path / "5.png").write_bytes(whole[:-30])
    bad: list[str] = []
    decoded = np.concatenate(list(images.chunks(bad)))
    assert decoded[:, 0, 0, 0].tolist() == [0, 0, 2, 0, 4, 0]
    with pytest.raises(InputError) as caught:
        require_decoded(bad)
    message = str(caught.value)
    assert "got 3 files" in message
    for part in ("1.png: empty file", "3.png: no such file", "5.png: "):
        assert part in message
    require_decoded([])


def test_chunks_make_the_same_file_as_one_array(tmp_path: Path) -> None:
    array = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    save_array(tmp_path / "whole.npy", array)
    save_chunks(tmp_path / "chunks.npy", array.shape, np.uint8, [array[:1], array[1:]])
    assert (tmp_path / "chunks.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    with io.BytesIO((tmp_path / "chunks.npy").read_bytes()) as file:
        assert np.array_equal(np.load(file), array)
    assert load_array(tmp_path / "chunks.npy", memory_map=True).shape == (2, 3, 4, 5)


@pytest.mark.parametrize(("width", "height"), [(1025, 1024), (1, 5000), (5000, 1)])
def test_an_image_of_too_many_pixels_is_named_and_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, height: int
) -> None:
    path = tmp_path / "large.png"
    Image.new("P", (width, height)).save(path)
    # A long side counts with the other one as the result has it: resampling makes such an image.
    images = ImageFiles([str(path)], 256, 256, "stretch", max_pixels=1024**2)
    loaded: list[object] = []
    monkeypatch.setattr(Image.Image, "load", lambda *_: loaded.append(1))
    with pytest.raises(InputError, match=r"large\.png: expected at most 1,048,576 pixels"):
        images.decode()
    assert not loaded


def test_the_limit_itself_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("P", (1024, 1024)).save(path)
    assert ImageFiles([str(path)], 8, 8, max_pixels=1024**2).decode().shape == (1, 3, 8, 8)


def test_other_programs_images_are_not_run(tmp_path: Path) -> None:
    path = tmp_path / "postscript.png"
    Image.new("RGB", (8, 8)).save(path, format="EPS")
    with pytest.raises(InputError, match=r"postscript\.png: cannot identify image file"):
        ImageFiles([str(path)], 8, 8).decode()
