"""Which line style stands for which label, the same one in every panel."""

from __future__ import annotations

from collections.abc import Mapping

from backfill.reporting.panel import PanelResults, label_order, pure_references
from backfill.reporting.style import REFERENCE, LineStyle, line_style

# With more labels than this, one legend for all panels is longer than it is useful.
_IN_ONE_LEGEND = 16


def one_legend(panels: Mapping[str, PanelResults]) -> bool:
    """Whether the panels share a legend; otherwise each has its own."""
    return len(label_order(panels)) <= _IN_ONE_LEGEND


def line_styles(panels: Mapping[str, PanelResults]) -> dict[str, LineStyle]:
    """A style for each label: grey for references; colour, dash and marker for the others.

    Under one legend all styles differ. Where every panel has its own legend, labels that never
    meet in a panel may share a style, so that no panel runs out of the styles that differ most.
    """
    roles = pure_references(panels)
    found = {label: REFERENCE[role] for label, role in roles.items()}
    others = [label for label in label_order(panels) if label not in roles]
    if one_legend(panels):
        return found | {label: line_style(number) for number, label in enumerate(others)}
    chosen: dict[str, int] = {}
    for label in others:
        beside = {
            chosen[other]
            for panel in panels.values()
            if label in panel.results
            for other in panel.results
            if other in chosen
        }
        chosen[label] = next(number for number in range(len(others)) if number not in beside)
    return found | {label: line_style(number) for label, number in chosen.items()}
