"""Glyphs: characters of many scripts and typefaces, bent, blurred and cluttered; no download.

They are drawn from the fonts that matplotlib ships (DejaVu and STIX). So the dataset is available
wherever the package is, has any size, and consists of the same bytes each time.
"""

from __future__ import annotations

from backfill.datasets.base import Dataset
from backfill.datasets.readers.glyphs.settings import Glyphs
from backfill.datasets.registry import register
from backfill.relevance import Relevance


@register(Glyphs)
def load_glyphs(settings: Glyphs) -> Dataset:
    """Draw the training images and the gallery; the gallery images are the queries as well.

    Images are (N, 1, 32, 32), and the groups are the typefaces. Each query itself is ignored.

    Raises:
        InputError: there are fewer classes than asked for, or fewer images than classes.
    """
    # Deferred: drawing needs Pillow, and reading the settings does not.
    from backfill.datasets.readers.glyphs.classes import TYPEFACES
    from backfill.datasets.readers.glyphs.draw import GALLERY, TRAIN, GlyphSource

    source = GlyphSource(settings)
    gallery = source.draw(GALLERY, settings.gallery_size)
    return Dataset(
        name=settings.name,
        classes=tuple(f"U+{ord(chars[0]):04X} {chars[0]}" for chars in source.classes),
        group_names=TYPEFACES,
        train=source.draw(TRAIN, settings.train_size),
        query=gallery,
        gallery=gallery,
        relevance=Relevance.from_labels(gallery.labels, gallery.labels, ignore_self=True),
    )
