"""How a migration ends: the new vectors take over, or nothing of it is left."""

from __future__ import annotations

from backfill.errors import InputError
from backfill.live.databases.milvus import collections
from backfill.live.databases.milvus.setups import Setups
from backfill.live.databases.milvus.states import States
from backfill.live.databases.milvus.view import View, require


def finish(view: View, setups: Setups, alias: str, *, keep_old: bool) -> str:
    """Let an alias name the new vectors, and give the old ones up if they are not to be kept.

    Returns:
        What the application must search.
    """
    prepared = require(view.prepared, view.new)
    if alias not in view.client.call("list_aliases", view.new)["aliases"]:
        view.client.call("create_alias", view.new, alias)
    name, key = view.settings.collection, view.shape.id
    told = (
        f"Search the collection {alias!r}, an alias, by the new model with anns_field="
        f"{collections.VECTOR!r}; its key {collections.KEY!r} is the {key!r} of {name!r}, by which "
        "the application reads everything else and filters."
    )
    if keep_old and not prepared.old_given_up:
        return told
    setups.give_old_up(prepared)
    return (
        f"{told} The old vectors are used no more; they still take room in the field "
        f"{view.settings.vector!r}, which is the application's to drop."
    )


def rollback(view: View, setups: Setups, states: States) -> None:
    """Remove the collections of the migration; the user's was never written to.

    Raises:
        InputError: the old vectors were given up.
    """
    if view.prepared is not None and view.prepared.old_given_up:
        raise InputError(
            f"{view.new}: expected old vectors to go back to, got a migration that was finished "
            "without keeping them"
        )
    setups.drop()  # without it there is no migration
    states.drop()
    collections.drop(view.client, view.new)
