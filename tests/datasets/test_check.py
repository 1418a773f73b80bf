"""`python -m backfill.datasets check`: what is there, what is missing, how large a run is."""

import subprocess
import sys
from pathlib import Path

import published_trees as trees
import pytest

from backfill.datasets.__main__ import main
from backfill.datasets.check import check
from backfill.errors import InputError


def lines(printed: str) -> dict[str, str]:
    return {line[:11].strip(): line[12:] for line in printed.splitlines()}


def test_sizes_are_those_of_the_arrays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trees.imagenet(tmp_path)
    main(["check", "imagenet", str(tmp_path), "size=10", "--dim", "6", "--views", "2"])
    found = lines(capsys.readouterr().out)
    # 16 training and 8 validation images of 300 bytes; the latter are queries and gallery.
    assert found["training"].startswith("16 images, 4 classes, 3 x 10 x 10, 4.8 kB")
    assert found["gallery"].startswith("8 images, 4 classes, 3 x 10 x 10, 2.4 kB")
    assert found["queries"] == "the gallery, each query itself ignored"
    assert found["images"].startswith("7.2 kB on disk")
    assert found["embeddings"].startswith("1.2 kB per encoder")  # (2 * 16 + 8 + 8) * 6 * 4
    assert found["published"].startswith("1,281,167")


def test_groups_positives_and_open_classes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trees.market1501(tmp_path)
    main(["check", "market1501", str(tmp_path)])
    found = lines(capsys.readouterr().out)
    assert found["groups"].startswith("in the gallery: camera 1 3, camera 2 1")
    assert found["classes"] == "7; of the gallery's 3, 0 are trained on"
    assert found["relevance"].startswith("1 to 3 positives per query, median 2; 0 queries")
    assert found["queries"].startswith("3 images, 2 classes")


def test_further_settings_and_unlabelled_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trees.roxford5k(tmp_path)
    main(["check", "roxford5k", str(tmp_path), f"train_root={tmp_path / 'landmarks'}"])
    found = lines(capsys.readouterr().out)
    assert found["gallery"].startswith("8 images, unlabelled")
    assert found["classes"] == "4"
    assert "mAP over the first 10" in found["relevance"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["imagenet", "{root}"], ["got an empty folder", "train/", "val/"]),
        (["imagenet"], ["imagenet: root: expected a value, got none"]),
        (
            ["imagenet", "{root}", "seize=3"],
            ["imagenet: seize: expected one of the settings name, ", "got an unknown one"],
        ),
        (
            ["glyphs", "scale=[2, 1]"],
            ["scale: expected the smaller bound first, got [2.0, 1.0]"],
        ),
        (["imagenet", "{root}", "size"], ["imagenet: expected key=value, got 'size'"]),
        (["imagenet", "{root}", "size=[1"], ["imagenet: size: expected valid YAML, got: "]),
        (
            ["roxford5k", "{root}", "size=1"],
            [
                "train_root: expected a value, got none",
                "size: expected greater than or equal to 8, got 1",
            ],
        ),
    ],
)
def test_what_cannot_be_used_is_one_error(
    tmp_path: Path, arguments: list[str], parts: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["check", *(text.format(root=tmp_path) for text in arguments)])
    assert str(caught.value.code).startswith("error: ")
    for part in parts:
        assert part in str(caught.value.code)


def test_a_file_that_cannot_be_decoded_is_an_error_with_status_1(tmp_path: Path) -> None:
    trees.imagenet(tmp_path)
    for path in tmp_path.glob("val/*/*"):
        path.write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "backfill.datasets", "check", "imagenet", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: images: expected complete JPEG or PNG files, got 8 files")
    assert "Traceback" not in done.stderr


def test_datasets_without_files_need_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "digits"])
    found = lines(capsys.readouterr().out)
    assert found["training"].startswith("898 images, 10 classes, 1 x 8 x 8")
    assert "published" not in found
    main(["check", "digits", "test_fraction=0.1"])
    assert lines(capsys.readouterr().out)["training"].startswith("1,617 images")
    with pytest.raises(SystemExit, match="error: digits: expected key=value, got '/data'"):
        main(["check", "digits", "/data"])


def test_another_command_line_can_call_it_and_gets_the_text(tmp_path: Path) -> None:
    trees.imagenet(tmp_path)
    text = check("imagenet", str(tmp_path), ["size=10", "max_test=3"], dim=6, views=2)
    assert lines(text)["gallery"].startswith("3 images, ")
    with pytest.raises(InputError, match=r"dataset: expected one of cifar100, .*, got 'imagnet'"):
        check("imagnet", None, [], dim=6, views=2)
