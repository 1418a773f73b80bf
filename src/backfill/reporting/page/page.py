"""The report as one HTML file that needs nothing else: no network, no fonts, no scripts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from backfill.reporting import style
from backfill.reporting.findings import findings
from backfill.reporting.rendering import rendered
from backfill.reporting.section import Chart, Section
from backfill.reporting.study import Study

_HERE = Path(__file__).parent


def page(study: Study, sections: Sequence[Section], parameters: Mapping[str, Any]) -> str:
    """Render the page; the same content gives the same text.

    Args:
        study: what the page is about; its findings stand at the top.
        sections: in their order.
        parameters: shown at the end, as given.
    """
    return rendered(
        _HERE,
        {"source": _source},
        study=study,
        findings={panel: findings(study, panel) for panel in study.panels},
        sections=sections,
        parameters=yaml.safe_dump(dict(parameters), sort_keys=False, allow_unicode=True, width=88),
        css=(_HERE / "page.css").read_text(encoding="utf-8"),
    )


def _source(chart: Chart) -> str:
    """The figure as a data URI, sharp at any zoom."""
    return f"data:image/svg+xml;base64,{b64encode(style.svg(chart.figure)).decode()}"
