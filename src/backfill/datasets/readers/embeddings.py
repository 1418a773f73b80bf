"""Your own vectors by two models, in a folder; docs/vectors.md says which files it may have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from backfill.arrays import Floats, Int64s
from backfill.datasets.base import UNLABELLED, Dataset, ImageSet
from backfill.datasets.registry import register
from backfill.datasets.settings import Settings
from backfill.errors import InputError
from backfill.relevance import Relevance

if TYPE_CHECKING:
    from backfill.vectors import Upgrade
    from backfill.vectors.rows import Rows


class Embeddings(Settings):
    """Embeddings: vectors of a gallery by an old and a new model. Nothing is trained on images."""

    has_images: ClassVar[bool] = False

    name: Literal["embeddings"] = "embeddings"
    search: Literal["test"] = Field("test", description="what is searched: the gallery")
    root: Path = Field(description="folder with old, new, queries_old, ...: see docs/vectors.md")
    pairs: int = Field(
        2000,
        ge=2,
        description="gallery items, drawn at random, that maps are fitted on, at most a third of "
        "all; unless the folder has pairs_old and pairs_new",
    )
    queries: int = Field(
        1000,
        ge=1,
        description="gallery items, other than these, that stand in for queries if the folder has "
        "labels and no queries",
    )
    seed: int = Field(0, ge=0, description="seed of these choices")

    @property
    def title(self) -> str:
        """What reports call it."""
        return f"folder {self.root.absolute().name}"


class Parts(NamedTuple):
    """The rows that are searched with, and those that maps are fitted on.

    Attributes:
        upgrade: the folder.
        queries: (Q,) gallery rows that stand in for queries; None: the folder has queries.
        pairs: (M,) gallery rows that maps are fitted on; None: the folder has pairs.
    """

    upgrade: Upgrade
    queries: Int64s | None
    pairs: Int64s | None


@register(Embeddings)
def load_embeddings(settings: Embeddings) -> Dataset:
    """Read what there is about items and queries; there is one group, and no class.

    The training set are the pairs that maps are fitted on. Judgements count from grade 1.

    Raises:
        InputError: the folder cannot be read, its new vectors are those of a sample, or nothing
            says what is relevant.
    """
    parts = _parts(settings)
    upgrade, rows = parts.upgrade, parts.queries
    if upgrade.judgements is not None:
        relevance = upgrade.judgements.relevance(threshold=1)
    else:
        assert upgrade.labels is not None
        assert rows is not None
        labels = upgrade.labels
        relevance = Relevance.from_labels(
            labels[rows], labels, ignore_self=True, query_positions=rows
        )
    return Dataset(
        name=settings.name,
        classes=(UNLABELLED,),
        group_names=("all",),
        train=_items(_count(parts.pairs, upgrade.pairs_old)),
        query=_items(_count(rows, upgrade.queries_old)),
        gallery=_items(upgrade.old.shape[0]),
        relevance=relevance,
        notes=tuple(_notes(parts)),
    )


def vectors_of(settings: Embeddings, model: Literal["old", "new"]) -> dict[str, Floats | Rows]:
    """The vectors of each part of the dataset.

    Args:
        settings: of the dataset.
        model: whose vectors.

    Returns:
        `train`, `query` and `gallery` -> (n, D), memory-mapped where they are large.

    Raises:
        InputError: as :func:`load_embeddings` does.
    """
    upgrade, queries, pairs = _parts(settings)
    gallery: Floats | Rows = getattr(upgrade, model)
    return {
        "train": getattr(upgrade, f"pairs_{model}") if pairs is None else gallery[pairs],
        "query": getattr(upgrade, f"queries_{model}") if queries is None else gallery[queries],
        "gallery": gallery,
    }


def _parts(settings: Embeddings) -> Parts:
    # Deferred: reading vectors takes what reading images does not.
    from backfill.vectors import read

    root, upgrade = settings.root, read(settings.root)
    items, known = upgrade.old.shape[0], len(upgrade.sample)
    if known < items:
        raise InputError(
            f"{root}: expected new vectors of all {items:,} items, to measure a curve, got those "
            f"of {known:,}; `backfill forecast {root}` predicts it from a sample"
        )
    if upgrade.judgements is None and (upgrade.labels is None or upgrade.queries_old is not None):
        raise InputError(
            f"{root}: expected qrels, or labels and query_labels, to measure by, got neither; "
            f"`backfill forecast {root}` measures agreement with the new model instead"
        )
    order = np.random.default_rng(settings.seed).permutation(items)
    queries = pairs = None
    if upgrade.queries_old is None:
        queries, order = np.split(order, [min(settings.queries, items // 2)])
    if upgrade.pairs_old is None:
        pairs = order[: max(2, min(settings.pairs, items // 3))]
    return Parts(upgrade, *(rows if rows is None else np.sort(rows) for rows in (queries, pairs)))


def _notes(parts: Parts) -> Iterator[str]:
    upgrade, queries, pairs = parts
    yield from upgrade.notes
    if queries is not None:
        yield f"Those of them that search: {len(queries):,}; each is left out of its own ranking."
    fitted = (
        "the pairs of the folder"
        if pairs is None
        else f"items of the gallery, drawn at random: {len(pairs):,} of {upgrade.old.shape[0]:,}"
    )
    yield f"Maps are fitted on {fitted}."
    if upgrade.judgements is not None:
        yield "An item is relevant from grade 1, and all grades count alike."
    if upgrade.weights is not None:
        yield "Every query counts the same: query_weights are not used."


def _count(rows: Int64s | None, own: Floats | None) -> int:
    if rows is not None:
        return len(rows)
    assert own is not None
    return int(own.shape[0])


def _items(count: int) -> ImageSet:
    zeros = np.zeros(count, np.int64)
    return ImageSet(None, zeros, zeros)
