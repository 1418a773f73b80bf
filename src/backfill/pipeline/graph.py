"""The rows that some studies need, found by following names from methods to encoders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from backfill.params import Settings
from backfill.params.rows.encoders import Encoder, Stored, Trained
from backfill.params.rows.methods import Method
from backfill.params.rows.orders import Order
from backfill.params.rows.splits import Split
from backfill.params.rows.transforms import Transform
from backfill.params.study import Study
from backfill.pipeline.draws import draws
from backfill.pipeline.inputs import inputs_of


@dataclass(frozen=True)
class Graph:
    """Everything that some studies are made from, each kind in the order of its files.

    Attributes:
        studies, splits, encoders, transforms, orders, methods: by name.
        panels: study -> panel -> label -> method.
        files: the studies' files that these rows come from.
        draws: (stage, row) -> how many draws of the encoders it is made for, of the stages `train`
            to `evaluate`.
    """

    studies: dict[str, Study]
    splits: dict[str, Split]
    encoders: dict[str, Encoder]
    transforms: dict[str, Transform]
    orders: dict[str, Order]
    methods: dict[str, Method]
    panels: dict[str, dict[str, dict[str, str]]]
    files: list[str]
    draws: dict[tuple[str, ...], int]

    @property
    def trained(self) -> dict[str, Trained]:
        """The encoders that are trained."""
        return {n: row for n, row in self.encoders.items() if not isinstance(row, Stored)}

    @property
    def stored(self) -> dict[str, Stored]:
        """The encoders whose vectors are read."""
        return {n: row for n, row in self.encoders.items() if isinstance(row, Stored)}

    @property
    def several(self) -> bool:
        """Whether a row is made for more than one draw."""
        return max(self.draws.values()) > 1

    @property
    def plans(self) -> list[tuple[int, tuple[str, ...]]]:
        """The files that the stage `plan` writes: draw, and stage and row, or stage alone."""
        alike = [
            (0, stage[:1]) if stage[0] == "embed" else (draw, stage)
            for stage in self.stages
            for draw in range(self.draws.get(stage, 1))
        ]
        return list(dict.fromkeys(alike))

    @property
    def stages(self) -> list[tuple[str, ...]]:
        """Stage and row of all that is run after the plan, in order, whatever the draw."""
        return [
            ("split",),
            *(("train", name) for name in self.trained),
            *(("embed", name) for name in self.trained),
            *(("read", name) for name in self.stored),
            *(("transform", name) for name in self.transforms),
            *(("order", name) for name in self.orders),
            *(("evaluate", name) for name in self.methods),
            *(("report", name) for name in self.studies),
        ]


def needed(settings: Settings, studies: Iterable[str]) -> Graph:
    """The graph of some studies.

    Args:
        settings: validated, and read with these studies.
        studies: names.
    """
    params, catalogue = settings
    names = list(dict.fromkeys(studies))
    panels: dict[str, dict[str, dict[str, str]]] = {}
    for name in names:
        panels[name] = catalogue.studies[name].panels_of("all")
    if params.main in panels:  # params.yaml says which of its methods, in which order
        panels[params.main] = catalogue.studies[params.main].panels_of(params.methods)
    methods = {
        method for study in panels.values() for panel in study.values() for method in panel.values()
    }
    orders = {catalogue.methods[name].order for name in methods}
    left = [
        *(row for name in methods for row in inputs_of(catalogue.methods[name])),
        *(row for name in orders for row in inputs_of(catalogue.orders[name])),
    ]
    made: set[str] = set()
    splits: set[str] = set()
    while left:
        name = left.pop()
        if name in made:
            continue
        made.add(name)
        row = catalogue.transforms.get(name) or catalogue.encoders[name]
        left += inputs_of(row)
        if not isinstance(row, Stored):
            splits.add(row.trains_on.partition("/")[0])
    chosen = {
        "splits": splits,
        "encoders": made,
        "transforms": made,
        "orders": orders,
        "methods": methods,
    }
    owners = {
        catalogue.owner[section, row]
        for section, rows in chosen.items()
        for row in rows
        if (section, row) in catalogue.owner
    } | set(names)
    rows: dict[str, Any] = {
        section: {row: v for row, v in getattr(catalogue, section).items() if row in wanted}
        for section, wanted in chosen.items()
    }
    return Graph(
        studies={name: catalogue.studies[name] for name in names},
        **rows,
        panels=panels,
        files=[name for name in catalogue.studies if name in _with_used(owners, settings)],
        draws=draws(settings, rows),
    )


def _with_used(studies: set[str], settings: Settings) -> set[str]:
    """A row may be like one of a study that its own study uses: that file counts too."""
    found, left = set(studies), list(studies)
    while left:
        for used in settings.catalogue.studies[left.pop()].uses:
            if used not in found:
                found.add(used)
                left.append(used)
    return found
