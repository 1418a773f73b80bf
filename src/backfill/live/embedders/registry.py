"""Where embedders register: the settings and the class of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from backfill.live.embedders.base import Embedder
from backfill.registry import Registry

Made = TypeVar("Made", bound=Callable[..., Embedder])


class EmbedderSettings(BaseModel):
    """The section `old` or `new` of a migration's file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    provider: str = Field(description="sentence-transformers, openai or python")


@dataclass(frozen=True)
class Provider:
    """A provider of embeddings.

    Attributes:
        settings: its section; the default of the field `provider` is its name.
        make: settings -> embedder.
    """

    settings: type[EmbedderSettings]
    make: Callable[[Any], Embedder]


EMBEDDERS: Registry[Provider] = Registry("backfill.live.embedders")


def embedder(settings: type[EmbedderSettings]) -> Callable[[Made], Made]:
    """Return a decorator that registers what makes an embedder."""

    def add(made: Made) -> Made:
        name: str = settings.model_fields["provider"].default
        EMBEDDERS.register(name)(Provider(settings, made))
        return made

    return add
