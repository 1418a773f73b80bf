"""How vectors are added for a migration, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence

from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

from backfill.errors import InputError
from backfill.live.databases.qdrant.points import PRINT_WIDTH
from backfill.live.databases.qdrant.view import View
from backfill.live.terms import Setup


def add_vectors(view: View, setup: Setup) -> None:
    """Add the new vectors and their fingerprints, and carried vectors, which no point has yet."""
    api, collection, names = view.client.api, view.settings.collection, view.names
    old, cosine, dot = view.the_old(), models.Distance.COSINE, models.Distance.DOT
    wanted = {
        names.new: models.DenseVectorConfig(size=setup.width, distance=cosine),
        names.print: models.DenseVectorConfig(
            size=PRINT_WIDTH, distance=dot, datatype=models.Datatype.UINT8
        ),
    }
    compared = [names.print]
    if setup.carried is not None:
        wanted[names.carried] = models.DenseVectorConfig(size=setup.carried, distance=cosine)
        wanted[names.source] = models.DenseVectorConfig(size=view.vectors[old].size, distance=dot)
        compared.append(names.source)
    for name, config in wanted.items():
        if name not in view.vectors:
            api.create_vector_name(collection, name, models.DenseVectorNameConfig(dense=config))
    if not view.client.local:  # nobody searches for these: they need no graph
        unsearched = models.VectorParamsDiff(hnsw_config=models.HnswConfigDiff(m=0))
        api.update_collection(collection, vectors_config=dict.fromkeys(compared, unsearched))


def finish(view: View, *, keep_old: bool) -> str:
    """Give the old vectors up, if they are not to be kept; Qdrant has indexed the new ones.

    Returns:
        What the application must search.

    Raises:
        InputError: Qdrant does not give up vectors without a name.
    """
    if not keep_old and view.old is not None:
        try:
            view.client.api.delete_vector_name(view.settings.collection, view.old)
        except (ValueError, UnexpectedResponse) as error:
            if view.old:
                raise
            raise InputError(
                "database.vector: expected old vectors with a name, to remove them, got those "
                "without one, which Qdrant keeps; finish with the old ones kept"
            ) from error
    if not keep_old:
        _remove(view, (view.names.carried, view.names.source))
    return (
        f"Search the collection {view.settings.collection!r} by the new model, with "
        f"using={view.names.new!r}."
    )


def rollback(view: View) -> None:
    """Remove the vectors of the migration from all points.

    Raises:
        InputError: the old vectors were given up.
    """
    if view.old is None and set(view.names.vectors) & set(view.vectors):
        raise InputError(
            f"{view.names.notes}: expected old vectors to go back to, got a migration that was "
            "finished without keeping them"
        )
    _remove(view, view.names.vectors)


def _remove(view: View, names: Sequence[str]) -> None:
    for name in names:
        if name in view.vectors:
            view.client.api.delete_vector_name(view.settings.collection, name)
