"""dvc.yaml: the stages of some studies, with exactly what each row needs."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backfill.artifacts import Layout, replacing
from backfill.errors import InputError
from backfill.params.rows.encoders import CompatibleRow, Trained
from backfill.params.rows.methods import Method
from backfill.params.rows.orders import Order
from backfill.params.rows.transforms import Transform
from backfill.pipeline.graph import Graph
from backfill.pipeline.inputs import inputs_of
from backfill.reading.yaml import read

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
    environment.filters |= {"quoted": _quoted, "shell": shlex.quote}
    rendered = environment.get_template(TEMPLATE).render(
        layout=layout,
        data=layout.data.as_posix(),
        reports=layout.reports.as_posix(),
        where=_where(layout),
        wdir=lambda indent: _NO_LINE if layout.is_main else f"{' ' * indent}wdir: ../..",
        several=graph.several,
        studies=list(graph.studies),
        files=graph.files,
        plans=[layout.of_draw(draw).plan(*stage).as_posix() for draw, stage in graph.plans],
        stored=list(graph.stored),
        shares=[f"{name}/{s}" for name, split in graph.splits.items() for s in split.shares],
        report={study: _results(layout, graph, study) for study in graph.studies},
        **_rows(layout, graph),
    )
    return "".join(f"{line}\n" for line in rendered.split("\n")[:-1] if line != _NO_LINE)


def _results(layout: Layout, graph: Graph, study: str) -> list[str]:
    """The folders of results that a report reads. The main one reads all, as one dependency."""
    methods = [method for rows in graph.panels[study].values() for method in rows.values()]
    folders = [
        layout.of_draw(draw).evaluation(method)
        for method in methods
        for draw in range(graph.draws["evaluate", method])
    ]
    if layout.is_main:
        folders = [folder.parent for folder in folders]
    return list(dict.fromkeys(folder.as_posix() for folder in folders))


def _rows(layout: Layout, graph: Graph) -> dict[str, dict[str, str]]:
    """What the deps of each row and draw interpolate, in one line.

    A dep that a row lacks repeats another.
    """

    def train(row: Trained, draw: int) -> dict[str, str]:
        drawn, found = layout.of_draw(draw), {"trains_on": row.trains_on}
        teacher = row.teacher if isinstance(row, CompatibleRow) else None
        for key, name, folder in (
            ("teacher", teacher, drawn.embeddings),
            ("starts_from", row.starts_from, drawn.encoder),
        ):
            path = folder(name).relative_to(layout.data) if name else Path("split/train")
            found[key] = path.as_posix()
        return found

    def embed(row: Trained, draw: int) -> dict[str, str]:
        return {}

    def transform(row: Transform, draw: int) -> dict[str, str]:
        side = row.side or row.old
        new = row.new.partition("/")[0]
        return {"trains_on": row.trains_on, "old": row.old, "new": new, "side": side}

    def order(row: Order, draw: int) -> dict[str, str]:
        drawn = layout.of_draw(draw)
        read = [drawn.embeddings(name).relative_to(layout.data) for name in inputs_of(row)]
        return _four([path.as_posix() for path in read] or ["split/gallery"])

    def evaluate(row: Method, draw: int) -> dict[str, str]:
        return _four(inputs_of(row)) | {"order": row.order}

    def lines(stage: Callable[[Any, int], dict[str, str]], rows: Mapping[str, Any]) -> Any:
        found = {}
        for name, row in rows.items():
            for draw in range(graph.draws[stage.__name__, name]):
                home = layout.of_draw(draw).drawn.as_posix()
                which = {"row": name, "draw": draw, "home": home} if graph.several else {}
                found[f"{name}-{draw}" if draw else name] = _flow(which | stage(row, draw))
        return found

    return {
        "train": lines(train, graph.trained),
        "embed": lines(embed, graph.trained),
        "transform": lines(transform, graph.transforms),
        "order": lines(order, graph.orders),
        "evaluate": lines(evaluate, graph.methods),
    }


def _where(layout: Layout) -> str:
    """What a command says of the workspace; nothing of the main one."""
    return "" if layout.is_main else f" --workspace {shlex.quote(layout.workspace)}"


def _quoted(name: str) -> str:
    """A name as YAML reads it as text: `rm`, but 'null'."""
    return yaml.safe_dump([name], default_flow_style=True).strip()[1:-1]


def _four(names: list[str]) -> dict[str, str]:
    return dict(zip("abcd", islice(chain(names, repeat(names[-1])), 4), strict=True))


def _flow(row: dict[str, Any]) -> str:
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
