"""What all sections of the settings share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
# A name becomes a file name, a DVC stage name and a column: letters, digits and underscores.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]


class Section(BaseModel):
    """Base of every section: unknown keys are errors, and values cannot change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SystemSets(Section):
    """A retrieval system, by the names of its two embedding sets.

    A set is an encoder's, `old`, or a transform's module, `rm/psi`.

    Attributes:
        query: set of the queries.
        gallery: set of the gallery.
    """

    query: str
    gallery: str
