"""Where databases register: the settings and the class of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from backfill.live.base import Database
from backfill.registry import Registry

Open = TypeVar("Open", bound=Callable[..., Database])


class DatabaseSettings(BaseModel):
    """The section `database` of a migration's file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: str = Field(description="postgres, lancedb, milvus or qdrant")


@dataclass(frozen=True)
class Kind:
    """A kind of database.

    Attributes:
        settings: its section of the migration's file; the default of the field `kind` is its name.
        open: opens a gallery: (name of the migration, settings) -> database.
    """

    settings: type[DatabaseSettings]
    open: Callable[[str, Any], Database]


DATABASES: Registry[Kind] = Registry("backfill.live.databases")


def database(settings: type[DatabaseSettings]) -> Callable[[Open], Open]:
    """Return a decorator that registers what opens a database.

    Args:
        settings: of this kind, with its name as the default of the field `kind`.
    """

    def add(opened: Open) -> Open:
        name: str = settings.model_fields["kind"].default
        DATABASES.register(name)(Kind(settings, opened))
        return opened

    return add
