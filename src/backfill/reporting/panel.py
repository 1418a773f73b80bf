"""A panel of a study: methods that are measured between the same two references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from backfill.results import MethodResult


class Pairs(NamedTuple):
    """What a method searches with and in, for readers.

    Attributes:
        before: query and gallery embeddings for the items that wait, such as `psi → old`.
        after: the same for the items that are backfilled.
        order: the backfill order.
        merge: how both go into one ranking.
        background: size of the largest background of a calibration; none for other merges.
    """

    before: str
    after: str
    order: str
    merge: str = "distance"
    background: int | None = None


@dataclass(frozen=True, eq=False)
class PanelResults:
    """Methods that are shown together and measured against the same two references.

    Attributes:
        results: by label, which is what readers see, in the order in which tables list them.
        names: the row behind each label, by which files refer to a method.
        old: label of the old system, the floor of Gain.
        new: label of the new system, the goal of Gain.
        pairs: what each method searches, by label. The page lists those that are given.
        bounds: labels whose order knows the answers: they show what an order could win, and are
            never the best method.
    """

    results: Mapping[str, MethodResult]
    names: Mapping[str, str]
    old: str
    new: str
    pairs: Mapping[str, Pairs] = field(default_factory=dict)
    bounds: frozenset[str] = frozenset()

    @property
    def references(self) -> tuple[str, str]:
        """Labels of the floor and the goal."""
        return self.old, self.new

    @property
    def upgrades(self) -> dict[str, MethodResult]:
        """The methods that are not references, by label."""
        return {key: r for key, r in self.results.items() if key not in self.references}

    @property
    def contenders(self) -> dict[str, MethodResult]:
        """The methods that somebody could use, by label: no references and no bounds."""
        return {key: r for key, r in self.upgrades.items() if key not in self.bounds}


def label_order(panels: Mapping[str, PanelResults]) -> list[str]:
    """All labels of the panels, each once, in the order in which they first occur."""
    return list(dict.fromkeys(label for panel in panels.values() for label in panel.results))


def pure_references(panels: Mapping[str, PanelResults]) -> dict[str, str]:
    """Labels that are a reference wherever they occur, each with its role, `old` or `new`.

    A label that is a reference in one panel and a method in another is shown as a method: it may
    be the point of the comparison.
    """
    roles: dict[str, str] = {}
    for panel in panels.values():
        roles |= {panel.new: "new", panel.old: "old"}
    methods = {label for panel in panels.values() for label in panel.upgrades}
    return {label: role for label, role in roles.items() if label not in methods}
