"""Where datasets register: the settings, the loader and the published sizes of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from backfill.datasets.base import Dataset
from backfill.datasets.settings import Settings
from backfill.registry import Registry

Load = TypeVar("Load", bound=Callable[..., Dataset])


@dataclass(frozen=True)
class Reader:
    """All that is known about a dataset before it is loaded.

    Attributes:
        settings: its section of params.yaml; the default of the field `name` is its name.
        load: turns these settings into the dataset.
        published: the published numbers of images and classes, in words; empty if there are none.
    """

    settings: type[Settings]
    load: Callable[[Any], Dataset]
    published: str


READERS: Registry[Reader] = Registry("backfill.datasets.readers")


def register(settings: type[Settings], published: str = "") -> Callable[[Load], Load]:
    """Return a decorator that makes a loader the reader of a dataset.

    A loader may read several datasets: it is decorated once for each.

    Args:
        settings: the dataset's settings, with its name as the default of the field `name`.
        published: the published numbers of images and classes, in words.
    """

    def add(load: Load) -> Load:
        name: str = settings.model_fields["name"].default
        READERS.register(name)(Reader(settings, load, published))
        return load

    return add
