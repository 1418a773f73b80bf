"""What is stored of the old encoder, and what a compatible one is trained by."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from backfill.artifacts import save_array
from backfill.encoders.classifier import StoredClassifier
from backfill.encoders.model import Encoder
from backfill.encoders.teacher import Teacher
from backfill.errors import InputError
from backfill.params.networks import ResNet

RNG = np.random.default_rng(0)
CLASSIFIER = StoredClassifier(RNG.normal(size=(3, 6)).astype(np.float32), [12, 10, 40], 16.0)


def unit(x: np.ndarray) -> np.ndarray:
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype(np.float32)


VIEWS = unit(RNG.normal(size=(3, 8, 6)))
LABELS = np.array([10, 40, 7, 7, 12, 3, 7, 3])
TEACHER = Teacher(VIEWS, CLASSIFIER)


def test_a_stored_classifier_comes_back_as_it_was(tmp_path: Path) -> None:
    CLASSIFIER.save(tmp_path)
    again = StoredClassifier.load(tmp_path)
    np.testing.assert_array_equal(again.weight, CLASSIFIER.weight)
    assert again.weight.dtype == np.float32
    assert (again.classes, again.scale) == ([12, 10, 40], 16.0)
    first = (tmp_path / "classifier.npz").read_bytes()
    again.save(tmp_path / "other")
    assert (tmp_path / "other" / "classifier.npz").read_bytes() == first


def test_scores_are_scaled_cosines() -> None:
    scores = CLASSIFIER.scores(VIEWS[0])
    assert scores.shape == (8, 3)
    for i in range(8):
        for c in range(3):
            w = CLASSIFIER.weight[c].astype(np.float64)
            expected = 16 * VIEWS[0, i] @ w / np.sqrt((w**2).sum())
            assert scores[i, c] == pytest.approx(expected, abs=1e-5)


def test_it_scores_as_the_encoder_that_it_is_of() -> None:
    torch.manual_seed(0)
    network = ResNet(family="resnet", blocks=[1], width=4, embedding_dim=6)
    encoder = Encoder(network, 3, [5, 8], 12.0)
    stored = encoder.stored_classifier()
    assert stored is not None
    assert stored.classes == [5, 8]
    assert encoder.classifier is not None
    expected = encoder.classifier(torch.from_numpy(VIEWS[0])).detach().numpy()
    np.testing.assert_allclose(stored.scores(VIEWS[0]), expected, atol=1e-5)
    assert Encoder(network, 3, [], 12.0).stored_classifier() is None


@pytest.mark.parametrize("damage", ["absent", "truncated", "text", "no scale", "pickle", "array"])
def test_a_file_that_is_not_a_classifier_is_one_error(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "classifier.npz"
    CLASSIFIER.save(tmp_path)
    if damage == "absent":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:-30])
    elif damage == "text":
        path.write_text("no archive")
    elif damage == "no scale":
        np.savez(path, weight=CLASSIFIER.weight, classes=CLASSIFIER.classes)
    elif damage == "pickle":
        objects = np.array([{"weight": 1}], dtype=object)
        np.savez(path, weight=objects, classes=[1], scale=1.0)
    else:
        with path.open("wb") as file:
            np.save(file, CLASSIFIER.weight)
    with pytest.raises(InputError, match=r"classifier\.npz.*: expected "):
        StoredClassifier.load(tmp_path)


def test_a_teacher_is_read_from_its_views_and_its_classifier(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train\.npy: expected an array, got no such file"):
        Teacher.load(tmp_path / "train.npy", tmp_path)
    save_array(tmp_path / "train.npy", VIEWS)
    with pytest.raises(
        InputError, match=r"classifier\.npz: expected a classifier, got no such file"
    ):
        Teacher.load(tmp_path / "train.npy", tmp_path)
    CLASSIFIER.save(tmp_path)
    teacher = Teacher.load(tmp_path / "train.npy", tmp_path)
    np.testing.assert_array_equal(teacher.views, VIEWS)
    assert teacher.classifier.classes == CLASSIFIER.classes
    rows = torch.tensor([3, 0])
    drawn = [t.embeddings(rows, torch.Generator().manual_seed(0)) for t in (teacher, TEACHER)]
    torch.testing.assert_close(*drawn)


def test_every_view_of_the_asked_item_turns_up() -> None:
    rows = torch.tensor([5, 2]).repeat(60)
    drawn = TEACHER.embeddings(rows, torch.Generator().manual_seed(0)).numpy()
    for item, start in ((5, 0), (2, 1)):
        seen = {embedding.tobytes() for embedding in drawn[start::2]}
        assert seen == {VIEWS[view, item].tobytes() for view in range(3)}


def test_known_classes_keep_their_row_and_others_get_the_mean_of_their_items() -> None:
    classes = [7, 10, 3, 12]
    weight = TEACHER.weight_for(classes, LABELS, np.arange(8))
    known = F.normalize(torch.from_numpy(CLASSIFIER.weight))
    torch.testing.assert_close(weight[1], known[1])
    torch.testing.assert_close(weight[3], known[0])
    views = torch.from_numpy(VIEWS[0])
    torch.testing.assert_close(weight[0], F.normalize(views[[2, 3, 6]].mean(0), dim=0))
    torch.testing.assert_close(weight[2], F.normalize(views[[5, 7]].mean(0), dim=0))
    torch.testing.assert_close(weight.norm(dim=1), torch.ones(4))


def test_a_class_of_neither_row_nor_item_is_an_error() -> None:
    # Class 40 has a row, so that it needs no item.
    assert TEACHER.weight_for([40], LABELS[:1], np.arange(1)).shape == (1, 6)
    with pytest.raises(
        InputError, match="class 99: expected a training image or an old row, got none"
    ):
        TEACHER.weight_for([10, 99], LABELS, np.arange(8))
