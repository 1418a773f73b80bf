import numpy as np
import pytest
from pydantic import ValidationError

from backfill.datasets import load
from backfill.datasets.readers.glyphs.classes import TYPEFACES, catalogue, code_points, render
from backfill.datasets.readers.glyphs.draw import GALLERY, TRAIN, GlyphSource, variants
from backfill.datasets.readers.glyphs.settings import Glyphs
from backfill.errors import InputError

SMALL = Glyphs(classes=12, train_size=48, gallery_size=24)
PLAIN = Glyphs(
    classes=12, train_size=48, gallery_size=24, rotation=0, scale=(0.8, 0.8), stretch=0, shear=0,
    shift=0, weight=0, softness=(1, 1), clutter=0, lines=0, contrast=(1, 1), light=0, noise=(0, 0),
)  # fmt: skip


def test_the_default_sizes_are_those_of_the_main_comparison() -> None:
    assert (Glyphs().train_size, Glyphs().gallery_size, Glyphs().classes) == (12_000, 4_000, 200)


def class_of(char: str) -> str:
    return next(chars for chars in catalogue() if char in chars)


@pytest.mark.parametrize("alike", ["OoОΟ", "cC", "sSѕ", "KКΚ", "wW", "AАΑ"])
def test_look_alikes_are_one_class(alike: str) -> None:
    assert set(alike) <= set(class_of(alike[0]))


def test_what_looks_like_a_look_alike_is_in_no_other_class() -> None:
    assert not any("0" in chars for chars in catalogue() if chars != class_of("O"))


@pytest.mark.parametrize("apart", ["AB", "EF", "CG", "Oe", "MW", "<>", "RP", "жЖfg"])
def test_characters_that_can_be_told_apart_are_not(apart: str) -> None:
    assert class_of(apart[0]) != class_of(apart[-1])


def test_catalogue_has_hundreds_of_classes_without_overlap() -> None:
    chars = "".join(catalogue())
    assert len(catalogue()) > 800
    assert len(set(chars)) == len(chars)


def test_no_class_is_blank_or_the_missing_glyph_box() -> None:
    assert 0x0378 not in code_points(TYPEFACES[0])  # unassigned
    assert render(TYPEFACES[0], "\u0378") is None
    assert render(TYPEFACES[0], " ") is None
    for chars in catalogue()[:50]:
        assert len({typeface for _, typeface in variants(chars)}) >= 12
        for char, typeface in variants(chars)[:3]:
            image = render(TYPEFACES[typeface], char)
            assert image is not None
            assert np.asarray(image).max() > 128


def test_same_seed_same_bytes_and_another_seed_differs() -> None:
    first = GlyphSource(SMALL).draw(TRAIN, 48)
    again = GlyphSource(SMALL).draw(TRAIN, 48)
    other = GlyphSource(SMALL.model_copy(update={"seed": 1})).draw(TRAIN, 48)
    gallery = GlyphSource(SMALL).draw(GALLERY, 48)
    assert first.images.tobytes() == again.images.tobytes()
    assert (first.images != other.images).any(axis=(1, 2, 3)).all()
    assert (first.images != gallery.images).any(axis=(1, 2, 3)).all()


def test_each_image_is_drawn_on_its_own() -> None:
    source = GlyphSource(SMALL)
    batch = source.draw(GALLERY, 24)
    for i in (23, 7, 7):
        assert (source.image(GALLERY, i) == batch.images[i, 0]).all()
        assert source.label(GALLERY, i) == batch.labels[i]
        assert source.group(GALLERY, i) == batch.groups[i]
    assert source.image(GALLERY, 10**9).shape == (32, 32)


def test_a_longer_part_starts_with_the_shorter() -> None:
    source = GlyphSource(SMALL)
    assert (source.draw(TRAIN, 24).images == source.draw(TRAIN, 48).images[:24]).all()


def test_classes_are_balanced_and_typefaces_all_used() -> None:
    dataset = load(Glyphs(classes=10, train_size=1000, gallery_size=20))
    assert np.bincount(dataset.train.labels).tolist() == [100] * 10
    assert set(dataset.train.groups) == set(range(len(TYPEFACES)))
    assert dataset.group_names == TYPEFACES
    assert dataset.query is dataset.gallery
    assert dataset.train.images.shape == (1000, 1, 32, 32)
    assert len(set(dataset.classes)) == 10


def test_without_deformation_a_typeface_draws_a_class_the_same_way() -> None:
    source = GlyphSource(PLAIN)
    k = next(k for k, chars in enumerate(source.classes) if len(chars) == 1)
    seen: dict[int, np.ndarray] = {}
    for i in range(k, 12 * 60, 12):
        image = source.image(TRAIN, i).astype(int)
        image = 255 - image if image[0, 0] else image  # ink on paper or the reverse
        rows, columns = np.nonzero(image > 127)
        assert abs(max(np.ptp(rows), np.ptp(columns)) + 1 - 0.8 * 32) <= 2
        first = seen.setdefault(source.group(TRAIN, i), image)
        assert abs(first - image).max() <= 1  # light ink and dark ink round differently


@pytest.mark.parametrize(
    "change",
    [
        {"rotation": 90.0}, {"scale": (0.4, 0.5)}, {"stretch": 1.0}, {"shear": 1.0},
        {"shift": 0.4}, {"weight": 1.5}, {"clutter": 9}, {"lines": 9}, {"softness": (3.0, 4.0)},
        {"contrast": (0.3, 0.4)}, {"light": 1.0}, {"noise": (0.2, 0.3)},
    ],
)  # fmt: skip
def test_every_setting_changes_the_images(change: dict[str, object]) -> None:
    plain = GlyphSource(PLAIN).draw(TRAIN, 24)
    changed = GlyphSource(Glyphs(**{**PLAIN.model_dump(), **change})).draw(TRAIN, 24)
    assert (changed.images != plain.images).any(axis=(1, 2, 3)).mean() > 0.8


def test_too_many_classes_and_too_few_images_are_errors() -> None:
    with pytest.raises(InputError, match=r"dataset\.classes: expected at most \d+, got 100000"):
        load(Glyphs(classes=100_000))
    with pytest.raises(InputError, match=r"dataset\.gallery_size: expected at least .*, got 10"):
        load(Glyphs(classes=20, gallery_size=10))
    with pytest.raises(ValidationError, match="smaller bound first"):
        Glyphs(scale=(0.9, 0.5))
