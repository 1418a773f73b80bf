"""The rows that some studies need, found by following names from methods to encoders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backfill.params import MAIN, Settings
from backfill.params.base import SystemSets
from backfill.params.rows.encoders import CompatibleRow, Encoder
from backfill.params.rows.methods import Method
from backfill.params.rows.orders import ClassifierUncertainty, Coverage, Oracle, Order, Predicted
from backfill.params.rows.splits import Split
from backfill.params.rows.transforms import Transform
from backfill.params.study import Study


@dataclass(frozen=True)
class Graph:
    """Everything that some studies are made from, each kind in the order of its files.

    Attributes:
        studies, splits, encoders, transforms, orders, methods: by name.
        panels: study -> panel -> label -> method.
        files: the studies' files that these rows come from.
    """

    studies: dict[str, Study]
    splits: dict[str, Split]
    encoders: dict[str, Encoder]
    transforms: dict[str, Transform]
    orders: dict[str, Order]
    methods: dict[str, Method]
    panels: dict[str, dict[str, dict[str, str]]]
    files: list[str]

    @property
    def stages(self) -> list[tuple[str, ...]]:
        """Stage and row of all that is run after the plan, in order."""
        return [
            ("split",),
            *(("train", name) for name in self.encoders),
            *(("embed", name) for name in self.encoders),
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
        study = catalogue.studies[name]
        panels[name] = {panel: study.rows_of(panel) for panel in study.panels}
    if MAIN in panels:  # params.yaml says which of its methods, in which order
        panels[MAIN] = {"all": {name: name for name in params.methods}}
    methods = {
        method for study in panels.values() for panel in study.values() for method in panel.values()
    }
    orders = {catalogue.methods[name].order for name in methods}
    left = [
        *(row for name in methods for row in inputs_of_method(catalogue.methods[name])),
        *(row for name in orders for row in inputs_of_order(catalogue.orders[name])),
    ]
    made: set[str] = set()
    splits: set[str] = set()
    while left:
        name = left.pop()
        if name in made:
            continue
        made.add(name)
        if name in catalogue.transforms:
            transform = catalogue.transforms[name]
            left += transform.inputs
            splits.add(transform.trains_on.partition("/")[0])
        else:
            encoder = catalogue.encoders[name]
            left += [encoder.teacher] if isinstance(encoder, CompatibleRow) else []
            splits.add(encoder.trains_on.partition("/")[0])
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
    return Graph(
        studies={name: catalogue.studies[name] for name in names},
        **{
            section: {row: v for row, v in getattr(catalogue, section).items() if row in rows}
            for section, rows in chosen.items()
        },
        panels=panels,
        files=[name for name in catalogue.studies if name in _with_used(owners, settings)],
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


def row_of(embedding_set: str) -> str:
    """The encoder or transform that makes an embedding set."""
    return embedding_set.partition("/")[0]


def _of_systems(*systems: SystemSets) -> list[str]:
    sets = [name for system in systems for name in (system.query, system.gallery)]
    return list(dict.fromkeys(map(row_of, sets)))


def inputs_of_method(method: Method) -> list[str]:
    """The encoders and transforms whose embeddings a method searches, each once."""
    return _of_systems(method.before, method.after)


def inputs_of_order(order: Order) -> list[str]:
    """The encoders and transforms that an order looks at, each once."""
    if isinstance(order, ClassifierUncertainty):
        return list(dict.fromkeys((order.embeddings, order.judge)))
    if isinstance(order, Predicted):
        return [order.transform]
    if isinstance(order, Coverage):
        return list(dict.fromkeys((row_of(order.over), *inputs_of_order(order.scores))))
    if isinstance(order, Oracle):
        return _of_systems(order.before, order.after)
    return []
