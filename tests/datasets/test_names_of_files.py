"""Names that are not UTF-8, and folders that links lead to again, are one error."""

import os
from pathlib import Path

import pytest
from PIL import Image

from backfill.datasets.listing import list_classes, walk_images
from backfill.datasets.readers import cifar100, vggface2
from backfill.errors import InputError


@pytest.mark.parametrize("name", [b"caf\xe9", b"a\nb", b"\xff"])
def test_a_class_whose_name_is_not_text_is_named(tmp_path: Path, name: bytes) -> None:
    try:
        os.mkdir(os.fsencode(tmp_path) + b"/" + name)
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    with pytest.raises(InputError, match="expected folders named by their class in UTF-8") as found:
        list_classes(tmp_path)
    str(found.value).encode()


def test_an_image_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "cafe").mkdir()
    name = os.fsdecode(b"caf\xe9.png")
    try:
        Image.new("RGB", (8, 8)).save(tmp_path / "cafe" / name)
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    assert list_classes(tmp_path).paths == [str(tmp_path / "cafe" / name)]


def test_a_link_that_leads_back_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    with pytest.raises(InputError, match="expected each folder once"):
        list(walk_images(tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"apple\ncaf\xe9\n", r"in UTF-8, got byte 0xe9 at 9"),
        (b"x" * 100_001, "at most 100,000 bytes"),
        (b"apple\n", "expected 100 names, got 1"),
    ],
)
def test_label_files_of_cifar_are_small_and_utf_8(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "fine_label_names.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"fine_label_names\.txt: .*{message}"):
        cifar100._read_names(path, 100)


def test_more_records_than_cifar_has_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "train.bin"
    with path.open("wb") as file:
        file.truncate(50_001 * cifar100.RECORD)
    with pytest.raises(InputError, match="expected at most 50,000 records, got 50,001"):
        cifar100.read_records(path)


def test_names_of_people_may_be_in_any_encoding(tmp_path: Path) -> None:
    lines = [b"Class_ID, Name, Sample_Num, Flag, Gender", b'n1, "Ren\xe9", 3, 1, m', b""]
    (tmp_path / "identity_meta.csv").write_bytes(b"\n".join(lines))
    assert vggface2.genders(tmp_path, ("n1",))[1] == {"n1": 1}
