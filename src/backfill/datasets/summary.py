"""What a dataset holds and how much room a run takes, in words."""

from __future__ import annotations

import numpy as np

from backfill.datasets.base import UNLABELLED, Dataset, ImageSet
from backfill.datasets.image_files import ImageFiles, require_decoded

# Images, and classes where they count: training set, queries, gallery.
PUBLISHED = {
    "cifar100": "50,000 to train on (100 classes), 10,000 to search and to search with",
    "gldv2": "1,580,470 to train on (81,313 classes), 750 queries, 761,757 to search",
    "imagenet": "1,281,167 to train on (1,000 classes), 50,000 to search and to search with",
    "market1501": "12,936 to train on (751 classes), 3,368 queries, 15,913 to search",
    "places365": "1,803,460 to train on (365 classes), 36,500 to search and to search with",
    "roxford5k": "70 queries, 4,993 to search",
    "rparis6k": "70 queries, 6,322 to search",
    "vggface2": "3,141,890 to train on (8,631 classes), 169,396 of 500 to search",
}
PROBES = 8  # Images of each part that are decoded for a look.


def describe(dataset: Dataset, dim: int, views: int) -> str:
    """What was found, line by line, and the bytes that a run writes.

    Embeddings are float32 of ``dim`` dimensions, those of the training set in ``views`` augmented
    views. A few images of each part are decoded; raises :class:`backfill.errors.InputError`
    naming those that cannot be.
    """
    own = dataset.query is dataset.gallery
    parts = {"training": dataset.train, "gallery": dataset.gallery}
    parts |= {} if own else {"queries": dataset.query}
    probe(list(parts.values()))
    stored = sum(image_bytes(part) for part in parts.values())
    embedded = (views * len(dataset.train) + len(dataset.query) + len(dataset.gallery)) * dim * 4
    rows = [(name, part_line(dataset, part)) for name, part in parts.items()]
    if own:
        rows.append(("queries", "the gallery, each query itself ignored"))
    rows += [
        ("classes", classes_line(dataset)),
        ("groups", some_groups(dataset)),
        ("relevance", relevance_line(dataset)),
        ("published", PUBLISHED.get(dataset.name, "")),
        ("images", f"{size(stored)} on disk, and again in DVC's cache unless it links"),
        ("embeddings", f"{size(embedded)} an encoder, at {dim} dimensions and {views} views"),
    ]
    return "\n".join(f"{name:<11} {text}" for name, text in rows if text)


def probe(parts: list[ImageSet]) -> None:
    """Decode a few images of each part, spread evenly."""
    bad: list[str] = []
    for part in parts:
        if isinstance(part.images, ImageFiles):
            rows = np.unique(np.linspace(0, len(part) - 1, PROBES).astype(np.int64))
            for _ in part.images[rows].chunks(bad):
                pass
    require_decoded(bad)


def image_bytes(part: ImageSet) -> int:
    """Bytes of a part's images as a uint8 array."""
    return int(np.prod(part.images.shape, dtype=np.int64))


def part_line(dataset: Dataset, part: ImageSet) -> str:
    """Images, classes and shape of a part."""
    count, *shape = part.images.shape
    labels = np.unique(part.labels)
    unlabelled = [dataset.classes[k] for k in labels] == [UNLABELLED]
    kinds = "unlabelled" if unlabelled else f"{len(labels):,} classes"
    return f"{count:,} images, {kinds}, {' x '.join(map(str, shape))}, {size(image_bytes(part))}"


def classes_line(dataset: Dataset) -> str:
    """How many classes there are, and how many of the gallery's are trained on."""
    named = [name for name in dataset.classes if name != UNLABELLED]
    searched = np.unique(dataset.gallery.labels)
    known = np.isin(searched, dataset.train.labels).sum()
    if [dataset.classes[k] for k in searched] == [UNLABELLED]:
        return f"{len(named):,}"
    return f"{len(named):,}; of the gallery's {len(searched):,}, {known:,} are trained on"


def some_groups(dataset: Dataset) -> str:
    """The groups and how many gallery images each has."""
    counts = np.bincount(dataset.gallery.groups, minlength=len(dataset.group_names))
    listed = [f"{name} {count:,}" for name, count in zip(dataset.group_names, counts, strict=True)]
    left = f" and {len(listed) - 8} more" if len(listed) > 8 else ""
    return "in the gallery: " + ", ".join(listed[:8]) + left


def relevance_line(dataset: Dataset) -> str:
    """How many positives queries have, on a sample of at most 1,000, and how far mAP looks."""
    relevance = dataset.relevance
    queries = np.unique(np.linspace(0, relevance.num_queries - 1, 1000).astype(np.int64))
    counts = [len(relevance.positives(int(q))) for q in queries]
    depth = f"the first {dataset.map_at}" if dataset.map_at else "the whole ranking"
    sampled = f" (of {len(counts):,} looked at)" if len(counts) < relevance.num_queries else ""
    return (
        f"{min(counts)} to {max(counts)} positives a query, {np.median(counts):g} in the middle; "
        f"{counts.count(0)} queries{sampled} without any; mAP over {depth}"
    )


def size(count: int) -> str:
    """A number of bytes, readable."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
