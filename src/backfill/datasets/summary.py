"""Describes what a dataset holds and how much room a run with it takes."""

from __future__ import annotations

import numpy as np

from backfill.datasets.base import UNLABELLED, Dataset, ImageSet
from backfill.datasets.image_files import ImageFiles, require_decoded

SAMPLED_IMAGES = 8  # decoded in each part, to see whether they can be
SAMPLED_QUERIES = 1000  # whose positives are counted
LISTED_GROUPS = 8


def describe(dataset: Dataset, published: str, dim: int, views: int) -> str:
    """Describe a dataset line by line, and the bytes that a run writes.

    A few images of each part are decoded. Embeddings are float32.

    Args:
        dataset: what was loaded.
        published: its published sizes, in words; empty if there are none.
        dim: dimensions of an embedding.
        views: augmented views of the training set that a run embeds.

    Raises:
        InputError: names the sampled images that cannot be decoded.
    """
    own = dataset.query is dataset.gallery
    parts = {"training": dataset.train, "gallery": dataset.gallery}
    parts |= {} if own else {"queries": dataset.query}
    _decode_samples(list(parts.values()))
    stored = sum(_image_bytes(items) for items in parts.values())
    embedded = (views * len(dataset.train) + len(dataset.query) + len(dataset.gallery)) * dim * 4
    lines = [(name, _part_line(dataset, items)) for name, items in parts.items()]
    if own:
        lines.append(("queries", "the gallery, each query itself ignored"))
    lines += [
        ("classes", _classes_line(dataset)),
        ("groups", _groups_line(dataset)),
        ("relevance", _relevance_line(dataset)),
        ("published", published),
        ("images", f"{_size(stored)} on disk, twice that if DVC's cache cannot link"),
        ("embeddings", f"{_size(embedded)} per encoder, at {dim} dimensions and {views} views"),
    ]
    return "\n".join(f"{name:<11} {text}" for name, text in lines if text)


def _decode_samples(parts: list[ImageSet]) -> None:
    """Decode a few images of each part, evenly spaced."""
    bad: list[str] = []
    for items in parts:
        if isinstance(items.images, ImageFiles):
            rows = np.unique(np.linspace(0, len(items) - 1, SAMPLED_IMAGES).astype(np.int64))
            for _ in items.images[rows].chunks(bad):
                pass
    require_decoded(bad)


def _image_bytes(items: ImageSet) -> int:
    """Count the bytes of the images as a uint8 array."""
    return 0 if items.images is None else int(np.prod(items.images.shape, dtype=np.int64))


def _part_line(dataset: Dataset, items: ImageSet) -> str:
    """State the images, the classes and the shape of a part."""
    if items.images is None:
        return f"{len(items):,} vectors"
    count, *shape = items.images.shape
    labels = np.unique(items.labels)
    unlabelled = [dataset.classes[k] for k in labels] == [UNLABELLED]
    kinds = "unlabelled" if unlabelled else f"{len(labels):,} classes"
    return f"{count:,} images, {kinds}, {' x '.join(map(str, shape))}, {_size(_image_bytes(items))}"


def _classes_line(dataset: Dataset) -> str:
    """Count the classes, and those of the gallery that are trained on."""
    named = [name for name in dataset.classes if name != UNLABELLED]
    searched = np.unique(dataset.gallery.labels)
    known = np.isin(searched, dataset.train.labels).sum()
    if [dataset.classes[k] for k in searched] == [UNLABELLED]:
        return f"{len(named):,}"
    return f"{len(named):,}; of the gallery's {len(searched):,}, {known:,} are trained on"


def _groups_line(dataset: Dataset) -> str:
    """List the groups, each with its number of gallery images."""
    counts = np.bincount(dataset.gallery.groups, minlength=len(dataset.group_names))
    listed = [f"{name} {count:,}" for name, count in zip(dataset.group_names, counts, strict=True)]
    more = f" and {len(listed) - LISTED_GROUPS} more" if len(listed) > LISTED_GROUPS else ""
    return "in the gallery: " + ", ".join(listed[:LISTED_GROUPS]) + more


def _relevance_line(dataset: Dataset) -> str:
    """State how many positives queries have, on a sample, and how many results mAP counts."""
    relevance = dataset.relevance
    last = relevance.num_queries - 1
    queries = np.unique(np.linspace(0, last, SAMPLED_QUERIES).astype(np.int64))
    counts = [len(relevance.positives(int(query))) for query in queries]
    depth = f"the first {dataset.map_at}" if dataset.map_at else "the whole ranking"
    depth += " and trapezoidal over the whole ranking" if dataset.trapezoidal else ""
    sampled = f" of {len(counts):,} sampled" if len(counts) < relevance.num_queries else ""
    return (
        f"{min(counts)} to {max(counts)} positives per query, median {np.median(counts):g}; "
        f"{counts.count(0)} queries{sampled} without any; mAP over {depth}"
    )


def _size(count: int) -> str:
    """Format a number of bytes for people."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
