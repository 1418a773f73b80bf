"""Each benchmark is read from its published layout, under its own protocol."""

from pathlib import Path

import numpy as np
import published_trees as trees
import pytest
from pydantic import TypeAdapter

from backfill.datasets import Dataset, DatasetSettings, ImageSet, load
from backfill.datasets.base import UNLABELLED
from backfill.datasets.image_files import ImageFiles
from backfill.errors import InputError
from backfill.relevance import Relevance


def read(tree: dict, **settings: object) -> Dataset:
    return load(TypeAdapter(DatasetSettings).validate_python({"size": 16} | tree | settings))


def names(part: ImageSet) -> list[str]:
    assert isinstance(part.images, ImageFiles)
    return [Path(path).name for path in part.images.paths]


def decode(part: ImageSet) -> np.ndarray:
    assert isinstance(part.images, ImageFiles)
    return part.images.decode()


def positives(relevance: Relevance) -> list[list[int]]:
    return [relevance.positives(q).tolist() for q in range(relevance.num_queries)]


def ignored(relevance: Relevance) -> list[list[int]]:
    return [relevance.ignored(q).tolist() for q in range(relevance.num_queries)]


@pytest.mark.parametrize("make", trees.TREES, ids=lambda make: make.__name__)
def test_every_tree_decodes_and_its_numbers_have_names(make, tmp_path: Path) -> None:
    dataset = read(make(tmp_path))
    assert dataset.name == make.__name__
    width = 64 if dataset.name == "market1501" else 16
    for part in (dataset.train, dataset.query, dataset.gallery):
        assert decode(part).shape == (len(part), 3, 16, width)
    assert len(dataset.train) == 16
    assert dataset.relevance.num_queries == len(dataset.query)
    assert dataset.relevance.gallery_size == len(dataset.gallery)


def test_imagenet_is_evaluated_on_val(tmp_path: Path) -> None:
    dataset = read(trees.imagenet(tmp_path))
    assert dataset.classes == ("n01440764", "n01443537", "n01484850", "n01491361")
    assert dataset.train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert dataset.gallery.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert dataset.query is dataset.gallery
    assert positives(dataset.relevance) == [[1], [0], [3], [2], [5], [4], [7], [6]]
    assert dataset.map_at is None
    # Red says which split, blue which image of its class.
    assert abs(decode(dataset.gallery)[:, 0].astype(int) - 60).max() < 4
    assert abs(decode(dataset.gallery)[1::2, 2].astype(int) - 40).max() < 4


def test_random_subsets_keep_labels_with_their_images(tmp_path: Path) -> None:
    tree = trees.places365(tmp_path)
    whole, part = read(tree), read(tree, max_train=7, max_test=5)
    assert (len(part.train), len(part.gallery)) == (7, 5)
    for some, all_ in ((part.train, whole.train), (part.gallery, whole.gallery)):
        label = dict(zip(names(all_), all_.labels.tolist(), strict=True))
        assert [label[name] for name in names(some)] == some.labels.tolist()
        # In the order of the whole, so that files are read as they lie.
        assert names(some) == [name for name in names(all_) if name in set(names(some))]
    assert part.query is part.gallery
    assert part.relevance.gallery_size == 5
    drawn = {tuple(names(read(tree, max_train=7, seed=seed).train)) for seed in range(4)}
    assert len(drawn) > 1


def test_all_that_a_tree_lacks_is_one_error(tmp_path: Path) -> None:
    tree = {"name": "vggface2", "root": tmp_path}
    with pytest.raises(InputError) as caught:
        read(tree)
    for part in ("train/: a folder of images for each person", "test/: ", "identity_meta.csv"):
        assert part in str(caught.value)
    with pytest.raises(InputError, match="nowhere: found no such folder; missing"):
        read({"name": "imagenet", "root": tmp_path / "nowhere"})


def test_validation_images_outside_their_classes_are_an_error(tmp_path: Path) -> None:
    tree = trees.imagenet(tmp_path)
    (tmp_path / "val").rename(tmp_path / "sorted")
    for k in range(3):
        trees.paint(tmp_path / "val" / f"ILSVRC2012_val_0000000{k}.JPEG")
    with pytest.raises(InputError, match="val: found 3 images outside folders of classes"):
        read(tree)


def test_vggface2_groups_are_genders_and_test_people_are_others(tmp_path: Path) -> None:
    dataset = read(trees.vggface2(tmp_path))
    assert dataset.classes == ("n000001", "n000002", "n000003", "n000004", "n000005", "n000009")
    assert dataset.group_names == ("female", "male")
    assert dataset.gallery.labels.tolist() == [0, 0, 5, 5, 5]
    assert dataset.gallery.groups.tolist() == [1, 1, 0, 0, 0]
    # The third name holds a comma.
    assert dataset.train.groups.tolist() == [0] * 4 + [1] * 8 + [0] * 4
    assert positives(dataset.relevance) == [[1], [0], [3, 4], [2, 4], [2, 3]]


def test_vggface2_people_and_genders_that_are_not_known_are_named(tmp_path: Path) -> None:
    tree = trees.vggface2(tmp_path)
    path = tmp_path / "identity_meta.csv"
    text = path.read_text()
    (tmp_path / "meta").mkdir()
    path.rename(tmp_path / "meta" / "identity_meta.csv")
    assert read(tree).group_names == ("female", "male")
    path.write_text("\n".join(text.splitlines()[:4]))
    with pytest.raises(InputError, match="no line for n000004, n000005, n000009"):
        read(tree)
    path.write_text(text.replace("387, 1, m", "387, 1, x"))
    with pytest.raises(InputError, match="line 5: found gender 'x', expected m or f"):
        read(tree)
    path.write_text("a,b\n")
    with pytest.raises(InputError, match="found columns 'a,b', expected Class_ID"):
        read(tree)


def test_market_protocol(tmp_path: Path) -> None:
    dataset = read(trees.market1501(tmp_path), size=128)
    assert decode(dataset.query).shape == (3, 3, 128, 64)
    # Junk is left out of the gallery, distractors are not.
    assert names(dataset.gallery) == trees.MARKET["bounding_box_test"][2:]
    assert dataset.classes == ("0000", "0001", "0002", "0003", "0007", "0010", "0011")
    assert [dataset.classes[k] for k in dataset.gallery.labels] == (
        ["0000"] * 2 + ["0001"] * 4 + ["0003"] * 2
    )
    assert dataset.group_names[dataset.gallery.groups[1]] == "camera 5"
    assert dataset.query.groups.tolist() == [0, 1, 2]
    # Gallery: 0, 1 distractors; 2, 3 person 1 by camera 1, 4 by 2, 5 by 6; 6, 7 person 3 by 3, 4.
    assert positives(dataset.relevance) == [[4, 5], [2, 3, 5], [7]]
    assert ignored(dataset.relevance) == [[2, 3], [4], [6]]


def test_market_names_of_another_form_are_all_named(tmp_path: Path) -> None:
    tree = trees.market1501(tmp_path)
    for name in ("me.jpg", "0001_c7s1_000001_01.jpg"):
        trees.paint(tmp_path / "query" / name)
    with pytest.raises(InputError, match=r"query: found 0001_c7s1_000001_01\.jpg, me\.jpg; exp"):
        read(tree)


def test_landmarks_protocol(tmp_path: Path) -> None:
    dataset = read(trees.gldv2(tmp_path))
    assert dataset.map_at == 100
    assert dataset.classes == ("29", "4", "113", "200", UNLABELLED)
    assert dataset.train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert names(dataset.train)[4] == f"{trees.landmark(110)}.jpg"
    # Ignored queries, those without an image and the public ones are left out.
    assert names(dataset.query) == [f"{trees.landmark(k)}.jpg" for k in (10, 13)]
    assert names(dataset.gallery) == [f"{trees.landmark(512 + 300 * k)}.jpg" for k in range(6)]
    assert positives(dataset.relevance) == [[0, 4], [2, 3, 5]]
    assert ignored(dataset.relevance) == [[], []]
    assert set(dataset.gallery.labels) == {4}
    both = read({"name": "gldv2", "root": tmp_path, "queries": ["Public", "Private"]})
    assert positives(both.relevance) == [[0, 4], [1], [2, 3, 5]]


def test_landmark_lists_may_lie_in_metadata(tmp_path: Path) -> None:
    tree = trees.gldv2(tmp_path)
    (tmp_path / "metadata").mkdir()
    for name in ("train_clean.csv", "retrieval_solution_v2.1.csv"):
        (tmp_path / name).rename(tmp_path / "metadata" / name)
    assert len(read(tree).train) == 16


TRAIN, SOLUTION = "train_clean.csv", "retrieval_solution_v2.1.csv"


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (TRAIN, "landmark_id", "id", "found columns id, images; expected landmark_id, images"),
        (TRAIN, trees.landmark(110), "../../../etc/passwd", r"line 3: found image '\.\."),
        (TRAIN, trees.landmark(110), "f" * 16, "16 images, of which 1 are not there: .*fff.jpg"),
        (SOLUTION, "Public", "public", "line 4: found Usage 'public'"),
        (SOLUTION, "Private", "Ignored", "found no query of Usage Private"),
        (SOLUTION, trees.landmark(512), "f" * 16, "5 images of the index, of which 1 are not"),
        (SOLUTION, trees.landmark(13), "f" * 16, "2 images, of which 1 are not there"),
    ],
)
def test_landmark_lists_that_do_not_fit(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    tree = trees.gldv2(tmp_path)
    text = (tmp_path / name).read_text()
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        read(tree)
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("difficulty", "expected", "left_out"),
    [
        ("easy", [[0, 1], []], [[2, 3, 5], [6, 7]]),
        ("medium", [[0, 1, 5], [6, 7]], [[2, 3], []]),
        ("hard", [[5], [6, 7]], [[0, 1, 2, 3], []]),
    ],
)
def test_revisited_protocols(tmp_path: Path, difficulty: str, expected: list, left_out: list):
    dataset = read(trees.roxford5k(tmp_path), difficulty=difficulty)
    assert positives(dataset.relevance) == expected
    assert ignored(dataset.relevance) == left_out


def test_revisited_queries_are_cropped_and_medium_is_the_default(tmp_path: Path) -> None:
    dataset = read(trees.roxford5k(tmp_path))
    assert positives(dataset.relevance) == [[0, 1, 5], [6, 7]]
    assert dataset.map_at == 10
    assert names(dataset.query) == ["all_souls_000013.jpg", "oxford_002416.jpg"]
    assert names(dataset.gallery)[4] == "radcliffe_000000.jpg"
    # Inside the box all is white, outside it all is black.
    assert decode(dataset.query).min() > 240


def test_revisited_trains_on_landmarks_or_on_a_tree(tmp_path: Path) -> None:
    oxford = read(trees.roxford5k(tmp_path / "oxford"))
    assert oxford.classes == ("29", "4", "113", "200", UNLABELLED)
    paris = read(trees.rparis6k(tmp_path / "paris"))
    assert paris.classes == ("arc", "bridge", "dome", "tower", UNLABELLED)
    assert paris.train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert set(paris.gallery.labels) == {4}


def test_all_that_a_revisited_dataset_lacks_is_one_error(tmp_path: Path) -> None:
    tree = trees.roxford5k(tmp_path)
    (tmp_path / "gnd_roxford5k.pkl").unlink()
    with pytest.raises(InputError) as caught:
        read(tree, train_root=tmp_path / "nowhere")
    for part in ("gnd_roxford5k.pkl: the ground truth", "nowhere: found no such folder"):
        assert part in str(caught.value)
    trees.roxford5k(tmp_path)
    for name in ("all_souls_000002.jpg", "oxford_002416.jpg"):
        (tmp_path / "jpg" / name).unlink()
    with pytest.raises(InputError, match=r"10 images, of which 2 are not there: .*000002.*002416"):
        read(tree)
