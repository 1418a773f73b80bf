"""What one report is about: a study's methods, sorted into panels, and how they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backfill.errors import InputError
from backfill.results import MethodResult


@dataclass(frozen=True, eq=False)
class PanelResults:
    """Methods that are shown together and measured against the same two references.

    results: by label, which is what readers see, in the order in which tables list them.
    names: the row of params.yaml behind each label, which files go by.
    old, new: labels of the references, the floor and the goal of Gain.
    """

    results: Mapping[str, MethodResult]
    names: Mapping[str, str]
    old: str
    new: str

    @property
    def references(self) -> tuple[str, str]:
        """Labels of the floor and the goal."""
        return self.old, self.new

    @property
    def upgrades(self) -> dict[str, MethodResult]:
        """The methods that are no references, by label."""
        return {key: r for key, r in self.results.items() if key not in self.references}


@dataclass(frozen=True, eq=False)
class StudyResults:
    """Everything that a report is made from.

    panels: by name, in order; all methods have the same queries, fractions and top-k.
    figure: the figure that this study shows besides the curves, if any.
    compare: pairs of labels, the first of which is claimed to do better.
    groups, minority: (Q,) group name of each query, and those names that make up the minority.

    Raises:
        InputError: a reference is missing, or methods differ in queries, fractions or top-k.
    """

    name: str
    panels: Mapping[str, PanelResults]
    figure: str | None = None
    compare: Sequence[tuple[str, str]] = ()
    groups: NDArray[np.str_] | None = None
    minority: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name, panel in self.panels.items():
            missing = [label for label in panel.references if label not in panel.results]
            if missing:
                where = f" in panel {name}" if self.several else ""
                raise InputError(
                    f"report: no results of {' and '.join(missing)}{where}, "
                    f"found {', '.join(panel.results) or 'none'}"
                )
        self._check_alike()

    @property
    def several(self) -> bool:
        """Whether there are panels to be told apart."""
        return len(self.panels) > 1

    def _check_alike(self) -> None:
        """Gain and the pairing of queries make sense only between methods measured alike."""
        first = next(iter(self.panels.values()))
        expected = first.results[first.old].curves[0]
        for panel in self.panels.values():
            for label, result in panel.results.items():
                for curve in result.curves:
                    if curve.average_precision.shape[0] != expected.average_precision.shape[0]:
                        what = "number of queries"
                    elif not np.array_equal(curve.fraction, expected.fraction):
                        what = "backfill fractions"
                    elif set(curve.hits) != set(expected.hits):
                        what = "top-k"
                    else:
                        continue
                    raise InputError(
                        f"report: {label} and {first.old} differ in {what}; evaluate both anew"
                    )
        if 1 not in expected.hits:
            raise InputError(f"report: needs hits in the top 1, found top {sorted(expected.hits)}")


def label_order(panels: Mapping[str, PanelResults]) -> list[str]:
    """All labels of the panels, each once, in the order in which they come up."""
    return list(dict.fromkeys(label for panel in panels.values() for label in panel.results))


def pure_references(panels: Mapping[str, PanelResults]) -> dict[str, str]:
    """Labels that are a reference wherever they occur, each with its role, old or new.

    What is a reference in one panel and a method in another is shown as a method: it may well be
    the point of the comparison.
    """
    roles: dict[str, str] = {}
    for panel in panels.values():
        for role, label in zip(("new", "old"), (panel.new, panel.old), strict=True):
            roles[label] = role
    methods = {label for panel in panels.values() for label in panel.upgrades}
    return {label: role for label, role in roles.items() if label not in methods}
