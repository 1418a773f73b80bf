"""A study's file: a question, the rows that answer it, and how its report shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from backfill.datasets import NAMES
from backfill.params.base import Name, Section
from backfill.params.mistakes import Mistake, in_file, unknown
from backfill.params.rows.encoders import Encoder
from backfill.params.rows.methods import Method
from backfill.params.rows.orders import Order
from backfill.params.rows.splits import Split
from backfill.params.rows.transforms import Transform
from backfill.reading.files import short

_FEW = Field(max_length=1000)  # rows of a kind


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


class Choice(Section):
    """A setting that was chosen, and on what; every report says so.

    Attributes:
        setting: its key, or in a few words what it is.
        value: that was taken.
        among: all values that were tried.
        data: what was searched, such as `glyphs, validation_images`.
        measure: by which number, such as `AUC_mAP of rm`.
    """

    setting: str
    value: str | float
    among: Annotated[list[str | float], Field(min_length=2)]
    data: str
    measure: str


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
        choices: settings of its rows, or of params.yaml, that were chosen by measuring.
    """

    question: str
    uses: list[Name] = []
    splits: Annotated[dict[Name, Split], _FEW] = {}
    encoders: Annotated[dict[Name, Encoder], _FEW] = {}
    transforms: Annotated[dict[Name, Transform], _FEW] = {}
    orders: Annotated[dict[Name, Order], _FEW] = {}
    methods: Annotated[dict[Name, Method], _FEW] = {}
    panels: Annotated[dict[Name, Panel], Field(min_length=1, max_length=1000)]
    figure: Literal["sequential", "subgroups", "ablations"] | None = None
    minority: list[str] = []
    compare: list[tuple[str, str]] = []
    choices: list[Choice] = []

    def panels_of(self, methods: Sequence[str] | Literal["all"]) -> dict[str, dict[str, str]]:
        """Panel -> label -> method, of some of its methods in this order, or of all in theirs.

        A panel that is left without a method of its own is left out.
        """
        found = {panel: self.rows_of(panel) for panel in self.panels}
        if methods == "all":
            return found
        kept = {self.methods[name].panel for name in methods if name in self.methods}
        return {
            panel: {label: row for row in methods for label, of in rows.items() if of == row}
            for panel, rows in found.items() if panel in kept
        }  # fmt: skip

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
    if not isinstance(raw, dict):
        return raw
    study = {key: value for key, value in raw.items() if key != "sized"}
    sizes = raw.get("sized", {})
    changes = sizes.get(dataset, {}) if scale == "cpu" and isinstance(sizes, dict) else {}
    return _merged(study, changes)


def wrong_sizes(raw: Any, file: str) -> Iterator[Mistake]:
    """Mistakes in `sized`: datasets that there are not, rows that the file does not have.

    Args:
        raw: a study's parsed file.
        file: its name.
    """
    sizes = raw.get("sized", {}) if isinstance(raw, dict) else {}
    if not isinstance(sizes, dict):
        yield Mistake(file, "sized", f"expected a mapping, got {short(sizes)}")
        return
    for dataset, sections in sizes.items():
        key = f"sized.{dataset}"
        yield from unknown(in_file(file), key, dataset, NAMES, "a dataset")
        for section, rows in sections.items() if isinstance(sections, dict) else ():
            own = raw.get(section)
            known = own if isinstance(own, dict) else {}
            for row in rows if isinstance(rows, dict) else ():
                what = f"a row of this file's {section}"
                yield from unknown(in_file(file), f"{key}.{section}.{row}", row, known, what)


def _merged(base: Any, changes: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(changes, dict)):
        return changes
    return base | {key: _merged(base.get(key), value) for key, value in changes.items()}
