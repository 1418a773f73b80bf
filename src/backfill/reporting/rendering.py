"""Pages of HTML, made from templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backfill.reporting.escaped import printable


def rendered(folder: Path, filters: Mapping[str, Callable[..., Any]], **content: Any) -> str:
    """Render a folder's page.html.jinja.

    Args:
        folder: of the template.
        filters: that it uses, by name.
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
    return printable(environment.get_template("page.html.jinja").render(**content))
