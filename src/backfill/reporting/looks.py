"""Which look stands for which label, the same one in every panel."""

from collections.abc import Mapping

from backfill.reporting.study import PanelResults, label_order, pure_references
from backfill.reporting.style import REFERENCE, Line, line

# With more labels than this, one legend for all panels is longer than it is useful.
_IN_ONE_LEGEND = 16


def one_legend(panels: Mapping[str, PanelResults]) -> bool:
    """Whether the panels share a legend; else each has its own."""
    return len(label_order(panels)) <= _IN_ONE_LEGEND


def looks(panels: Mapping[str, PanelResults]) -> dict[str, Line]:
    """A look for each label: grey for references, and colour, dash and marker for the others.

    Under one legend all looks differ. Where every panel has a legend of its own, labels that never
    meet in a panel may share a look, so that no panel runs out of the looks that differ most.
    """
    roles = pure_references(panels)
    found = {label: REFERENCE[role] for label, role in roles.items()}
    others = [label for label in label_order(panels) if label not in roles]
    if one_legend(panels):
        return found | {label: line(place) for place, label in enumerate(others)}
    places: dict[str, int] = {}
    for label in others:
        beside = {
            places[other]
            for panel in panels.values()
            if label in panel.results
            for other in panel.results
            if other in places
        }
        places[label] = next(place for place in range(len(others)) if place not in beside)
    return found | {label: line(place) for label, place in places.items()}
