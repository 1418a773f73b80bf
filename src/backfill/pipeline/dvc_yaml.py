"""dvc.yaml: the stages of some studies, with exactly what each row needs."""

from __future__ import annotations

from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backfill.artifacts import Layout, replacing
from backfill.errors import InputError
from backfill.params.files import read
from backfill.params.rows.encoders import CompatibleRow
from backfill.pipeline.graph import Graph, inputs_of

TEMPLATE = "dvc.yaml.jinja"
_NO_LINE = "#-"  # what a line of the template becomes that this pipeline does not have


def text(layout: Layout, graph: Graph) -> str:
    """The file's text.

    Args:
        layout: of the workspace.
        graph: of the studies that are made in it.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = _quoted
    rendered = environment.get_template(TEMPLATE).render(
        layout=layout,
        data=layout.data.as_posix(),
        reports=layout.reports.as_posix(),
        where=_where(layout),
        wdir=lambda indent: _NO_LINE if layout.is_main else f"{' ' * indent}wdir: ../..",
        studies=list(graph.studies),
        files=graph.files,
        plans=graph.plans,
        shares=[f"{name}/{s}" for name, split in graph.splits.items() for s in split.shares],
        report={
            study: list(dict.fromkeys(name for rows in panels.values() for name in rows.values()))
            for study, panels in graph.panels.items()
        },
        embed=list(graph.encoders),
        **_rows(graph),
    )
    return "".join(f"{line}\n" for line in rendered.split("\n")[:-1] if line != _NO_LINE)


def _rows(graph: Graph) -> dict[str, dict[str, str]]:
    """What the deps of each row interpolate, in one line. A dep that it lacks repeats another."""
    train = {}
    for name, encoder in graph.encoders.items():
        teacher = encoder.teacher if isinstance(encoder, CompatibleRow) else None
        train[name] = {
            "trains_on": encoder.trains_on,
            "teacher": f"embeddings/{teacher}" if teacher else "split/train",
        }
    transform = {
        name: {
            "trains_on": row.trains_on, "old": row.old, "new": row.new, "side": row.side or row.old
        }
        for name, row in graph.transforms.items()
    }  # fmt: skip
    order = {
        name: _four([f"embeddings/{row_}" for row_ in inputs_of(row)] or ["split/gallery"])
        for name, row in graph.orders.items()
    }
    evaluate = {
        name: _four(inputs_of(row)) | {"order": row.order} for name, row in graph.methods.items()
    }
    stages = {"train": train, "transform": transform, "order": order, "evaluate": evaluate}
    return {
        stage: {name: _flow(row) for name, row in rows.items()} for stage, rows in stages.items()
    }


def _where(layout: Layout) -> str:
    """What a command says of the workspace; nothing of the main one."""
    return "" if layout.is_main else f" --workspace {layout.workspace}"


def _quoted(name: str) -> str:
    """A name as YAML reads it as text: `rm`, but 'null'."""
    return yaml.safe_dump([name], default_flow_style=True).strip()[1:-1]


def _four(names: list[str]) -> dict[str, str]:
    return dict(zip("abcd", islice(chain(names, repeat(names[-1])), 4), strict=True))


def _flow(row: dict[str, str]) -> str:
    return yaml.safe_dump(row, default_flow_style=True, sort_keys=False, width=1000).strip()


def write(layout: Layout, graph: Graph) -> Path:
    """Write the workspace's dvc.yaml, if it is not that already.

    Returns:
        Its path.
    """
    content, path = text(layout, graph), layout.pipeline
    if not path.exists() or path.read_text(encoding="utf-8") != content:
        with replacing(path) as temporary:
            temporary.write_text(content, encoding="utf-8")
    return path


def require_current(layout: Layout, graph: Graph) -> None:
    """Require that dvc.yaml has the stages that the settings ask for; others may stand beside them.

    Raises:
        InputError: a stage is missing or differs.
    """
    expected: dict[str, Any] = yaml.safe_load(text(layout, graph))["stages"]
    found = read(layout.pipeline)
    stages = found.get("stages") if isinstance(found, dict) else None
    for name, stage in expected.items():
        if not isinstance(stages, dict) or stages.get(name) != stage:
            raise InputError(
                f"{layout.pipeline}: {name}: expected the rows that {layout.params} and studies/ "
                f"ask for, got others; `backfill pipeline{_where(layout)}` writes the file anew"
            )


def studies_in(path: Path) -> list[str]:
    """The studies that a dvc.yaml makes; none if there is no such file.

    Raises:
        InputError: the file is not a pipeline of this project.
    """
    if not path.exists():
        return []
    found = read(path)
    try:
        command = str(found["stages"]["plan"]["cmd"]).split(" --")[0]
        return command.split()[3:]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: expected a pipeline with a stage plan, got none") from error
