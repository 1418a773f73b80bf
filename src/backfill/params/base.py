"""What all sections of the settings share."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

Fraction = Annotated[float, Field(gt=0, le=1)]
# How many of something: what comes after a larger one is a lack of memory, not a result.
Count = Annotated[int, Field(gt=0, le=1_000_000)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
# A name becomes a file name, a DVC stage name and a column: letters, digits and underscores.
NAME = r"^[a-z][a-z0-9_]*$"
Name = Annotated[str, Field(pattern=NAME, max_length=80)]


class Section(BaseModel):
    """Base of every section: unknown keys are errors, values are finite and cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


T = TypeVar("T")


def each_once(values: list[T]) -> list[T]:
    """The same list, if no value stands in it twice; for use as a validator."""
    twice = [str(value) for value in dict.fromkeys(values) if values.count(value) > 1]
    if twice:
        raise ValueError(f"expected each once, got {', '.join(twice)} more than once")
    return values


class Reference(NamedTuple):
    """A name in a row that another row must make.

    Attributes:
        key: of the row.
        name: that it gives.
        kind: `share` of a split; `encoder`; `trained`, one that is trained; `classifier`, one that
            has a classifier; `prediction`, a transform that predicts its uncertainty; `set` of
            embeddings; `views`, a set that has the training set too; `order`.
    """

    key: str
    name: str
    kind: Literal[
        "share", "encoder", "trained", "classifier", "prediction", "set", "views", "order"
    ]

    def under(self, key: str) -> Reference:
        """The same in a section of the row."""
        return self._replace(key=f"{key}.{self.key}")


class SystemSets(Section):
    """A retrieval system, by the names of its two embedding sets.

    A set is an encoder's, `old`, or a transform's module, `rm/psi`. In files, `rm/psi -> old`
    searches the gallery `old` with the queries `rm/psi`, and `old` alone is both.

    Attributes:
        query: set of the queries.
        gallery: set of the gallery.
    """

    query: str
    gallery: str

    @model_validator(mode="before")
    @classmethod
    def _arrow(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        query, arrow, gallery = (part.strip() for part in value.partition("->"))
        if not query or bool(arrow) != bool(gallery):
            raise ValueError(f"expected 'query -> gallery' or one name for both, got {value!r}")
        return {"query": query, "gallery": gallery or query}

    def references(self, key: str) -> list[Reference]:
        """Both embedding sets, as a row's `key` names them."""
        return [
            Reference(f"{key}.query", self.query, "set"),
            Reference(f"{key}.gallery", self.gallery, "set"),
        ]

    def __str__(self) -> str:
        return self.query if self.query == self.gallery else f"{self.query} -> {self.gallery}"
