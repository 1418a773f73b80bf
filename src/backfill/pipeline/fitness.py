"""Whether a pipeline can begin: there are images to train on, or vectors to read, and an index."""

from __future__ import annotations

from pathlib import Path

from backfill.errors import InputError
from backfill.params import Settings
from backfill.params.catalogue import path_of
from backfill.pipeline.graph import Graph
from backfill.pipeline.index_trial import require_index

# Of vectors that are read later: most numbers of codes divide it.
_ANY_DIM = 1536


def require_fit(path: Path, settings: Settings, graph: Graph) -> None:
    """Require a dataset that the encoders of some studies can be had from.

    Args:
        path: of params.yaml.
        settings: of the run.
        graph: of the studies that are made.

    Raises:
        InputError: encoders are trained and there are no images, or are read and there are; or
            faiss cannot make the index that is to be searched.
    """
    dataset, studies = settings.params.dataset, ", ".join(graph.studies)
    if graph.trained and not dataset.has_images:
        raise InputError(
            f"{path}: dataset.name: expected a dataset of images, as encoders of {studies} are "
            f"trained on them, got {dataset.name!r}, which {path_of(dataset.name)} is about"
        )
    if graph.stored and dataset.has_images:
        raise InputError(
            f"{path}: dataset.name: expected 'embeddings', as {studies} reads vectors, "
            f"got {dataset.name!r}"
        )
    search = settings.params.evaluate.search
    if search not in ("whole", "nearest"):
        of_trained = (row.training(settings.params.train) for row in graph.trained.values())
        dims = sorted({training.network.embedding_dim for training in of_trained})
        require_index(f"{path}: evaluate.search", search, dims or [_ANY_DIM])
