"""Pages of HTML, made from templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backfill.reporting.escaped import printable


def rendered(
    folder: Path | Sequence[Path],
    filters: Mapping[str, Callable[..., Any]],
    *,
    template: str = "page.html.jinja",
    **content: Any,
) -> str:
    """Render a template.

    Args:
        folder: of the template, or several that it and what it includes are looked for in.
        filters: that it uses, by name.
        template: name of its file.
        content: by name; all text in it is shown as it is, whatever it looks like.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return printable(environment.get_template(template).render(**content))
