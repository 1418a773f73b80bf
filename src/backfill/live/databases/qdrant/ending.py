"""How vectors are added for a migration, and how it ends."""

from __future__ import annotations

from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

from backfill.errors import InputError
from backfill.live.databases.qdrant.view import PRINT_WIDTH, View


def add_vectors(view: View, width: int) -> None:
    """Add the new vectors and their fingerprints, which no point has yet.

    Args:
        view: of the collection.
        width: of the new vectors.
    """
    view.the_old()
    api, collection, names = view.client.api, view.settings.collection, view.names
    wanted = {
        names.new: models.DenseVectorConfig(size=width, distance=models.Distance.COSINE),
        names.print: models.DenseVectorConfig(
            size=PRINT_WIDTH, distance=models.Distance.DOT, datatype=models.Datatype.UINT8
        ),
    }
    for name, config in wanted.items():
        if name not in view.vectors:
            api.create_vector_name(collection, name, models.DenseVectorNameConfig(dense=config))
    if not view.client.local:  # nobody searches for fingerprints: they need no graph
        api.update_collection(
            collection,
            vectors_config={
                names.print: models.VectorParamsDiff(hnsw_config=models.HnswConfigDiff(m=0))
            },
        )


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
    return (
        f"Search the collection {view.settings.collection!r} by the new model, with "
        f"using={view.names.new!r}."
    )


def rollback(view: View) -> None:
    """Remove the vectors of the migration from all points.

    Raises:
        InputError: the old vectors were given up.
    """
    added = [name for name in (view.names.new, view.names.print) if name in view.vectors]
    if added and view.old is None:
        raise InputError(
            f"{view.names.notes}: expected old vectors to go back to, got a migration that was "
            "finished without keeping them"
        )
    for name in added:
        view.client.api.delete_vector_name(view.settings.collection, name)
