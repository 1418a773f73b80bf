"""A study's file: a question, the rows that answer it, and how its report shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from backfill.params.base import Name, Section
from backfill.params.rows.encoders import Encoder
from backfill.params.rows.methods import Method
from backfill.params.rows.orders import Order
from backfill.params.rows.splits import Split
from backfill.params.rows.transforms import Transform


class Panel(Section):
    """Methods that are shown together and measured against the same two references.

    Attributes:
        old: the method that is the floor; Gain 0%.
        new: the method that is the goal; Gain 100%.
        shows: label -> a method of another study that this panel shows beside its own.
    """

    old: Name
    new: Name
    shows: dict[str, Name] = {}


class Study(Section):
    """A question with a report of its own.

    Attributes:
        question: what it asks, in a sentence.
        uses: studies whose rows it builds on.
        splits, encoders, transforms, orders, methods: its own rows.
        panels: by name, in the order of the report.
        figure: what it shows besides the curves: `sequential` (panels are generations),
            `subgroups` (the `minority` groups of queries against the others) or `ablations`
            (panels are knobs, labels their values).
        compare: pairs of labels, the first claimed to do better; tested in every panel that has
            both.
    """

    question: str
    uses: list[Name] = []
    splits: dict[Name, Split] = {}
    encoders: dict[Name, Encoder] = {}
    transforms: dict[Name, Transform] = {}
    orders: dict[Name, Order] = {}
    methods: dict[Name, Method] = {}
    panels: Annotated[dict[Name, Panel], Field(min_length=1)]
    figure: Literal["sequential", "subgroups", "ablations"] | None = None
    minority: list[str] = []
    compare: list[tuple[str, str]] = []

    def rows_of(self, panel: str) -> dict[str, str]:
        """Label -> method of a panel: the references, its own methods, then what else it shows."""
        chosen = self.panels[panel]
        own = {
            method.label or name: name
            for name, method in self.methods.items()
            if method.panel == panel
        }
        labels = {name: label for label, name in own.items()}
        first = {labels.get(name, name): name for name in (chosen.old, chosen.new)}
        return first | own | dict(chosen.shows)


def sized(raw: Any, dataset: str, scale: str) -> Any:
    """A study's parsed file with the sizes that it gives its rows on this dataset.

    `sized: {cifar100: {encoders: {gen0: {epochs: 6}}}}` changes the row `gen0` of the same file on
    CIFAR-100, unless a scale other than `cpu` asks for the published size.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("sized", {}), dict):
        return raw
    study = {key: value for key, value in raw.items() if key != "sized"}
    changes = raw.get("sized", {}).get(dataset, {}) if scale == "cpu" else {}
    return _merged(study, changes)


def _merged(base: Any, changes: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(changes, dict)):
        return changes
    return base | {key: _merged(base.get(key), value) for key, value in changes.items()}
