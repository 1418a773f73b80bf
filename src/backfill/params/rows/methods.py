"""Rows of `methods`: two retrieval systems, merged along an order."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from backfill.params.base import Name, Reference, Section, SystemSets
from backfill.params.rows.merges import Merge, Plain


class Upgrade(Section):
    """What a curve is computed from.

    Attributes:
        before: the system that ranks the items that wait.
        after: the system that ranks the items that are backfilled.
        order: a row of `orders`.
        merge: how both go into one ranking.
        arrivals: share of the gallery that is absent at the start and comes during the backfill,
            embedded by the new system at once.
    """

    before: SystemSets
    after: SystemSets
    order: Name = "random"
    merge: Merge = Plain(kind="distance")
    arrivals: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def references(self) -> list[Reference]:
        """The names that other rows must make."""
        return [
            *self.before.references("before"),
            *self.after.references("after"),
            Reference("order", self.order, "order"),
        ]


class Method(Upgrade):
    """A method of a study.

    Attributes:
        panel: the panel of the study's report that shows it.
        label: what readers see; none: the row's name.
    """

    panel: Name = "all"
    label: str | None = None

    @property
    def upgrade(self) -> Upgrade:
        """The method without how it is shown."""
        return Upgrade(**{name: getattr(self, name) for name in Upgrade.model_fields})
