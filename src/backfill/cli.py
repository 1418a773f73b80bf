"""The command `backfill`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from backfill.artifacts import MAIN_WORKSPACE
from backfill.errors import mistakes_in_one_line, needs
from backfill.forecast.command import forecast, judge
from backfill.live.command import app as live
from backfill.vectors.command import check

# Rooms are imported inside the commands that need them: one must not wait for what another needs,
# and a forecast does without the packages of the workflow.

WORKFLOW = "The workflow"


class _Commands(TyperGroup):
    """Whichever command it is, mistakes and Ctrl-C end it with one line."""

    def invoke(self, ctx: Any) -> Any:
        with mistakes_in_one_line():
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Switch embedding models while the gallery is being re-embedded.",
)
Overrides = Annotated[
    list[str] | None, typer.Argument(help="presets and values: dataset=cifar100 train.epochs=3")
]
Workspace = Annotated[str, typer.Option(help="main, or that of a dataset's studies")]

app.command()(check)
app.command()(forecast)
app.command()(judge)
app.add_typer(live)


@app.command()
def embed(
    folder: Annotated[Path, typer.Argument(help="with corpus.jsonl, queries.jsonl, qrels/*.tsv")],
    old: Annotated[str, typer.Option(help="the model in service: a name, or its folder")],
    new: Annotated[str, typer.Option(help="its successor")],
    sample: Annotated[int, typer.Option(min=1, help="documents that the new model embeds")] = 2000,
    everything: Annotated[bool, typer.Option("--all", help="it embeds all of them")] = False,
    seed: Annotated[int, typer.Option(min=0, help="of the sample")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="texts at a time")] = 32,
    workers: Annotated[
        int | None, typer.Option(min=1, help="processes, by Ray; this one alone by default")
    ] = None,
    query_prompt: Annotated[
        list[str] | None, typer.Option(help="TEXT before queries, or old=TEXT, or new=TEXT")
    ] = None,
    document_prompt: Annotated[
        list[str] | None, typer.Option(help="TEXT before documents, or old=TEXT, or new=TEXT")
    ] = None,
    float16: Annotated[bool, typer.Option("--float16", help="instead of float32")] = False,
) -> None:
    """Embed texts in BEIR's layout by two models of sentence-transformers.

    The folder is then one that a forecast reads. If it is stopped, the same command goes on.
    """
    from backfill.texts.command import run

    run(
        folder,
        old,
        new,
        sample=None if everything else sample,
        seed=seed,
        batch_size=batch_size,
        half=float16,
        workers=workers,
        query_prompt=query_prompt or [],
        document_prompt=document_prompt or [],
    )


@app.command(rich_help_panel=WORKFLOW)
def pipeline(workspace: Workspace = MAIN_WORKSPACE) -> None:
    """Write dvc.yaml: the stages that params.yaml and the studies ask for."""
    with _workflow() as commands:
        commands.pipeline(workspace)


@app.command(rich_help_panel=WORKFLOW)
def params(overrides: Overrides = None) -> None:
    """Write presets and values into params.yaml, and keep its comments."""
    with _workflow() as commands:
        commands.params(overrides or [])


@app.command(rich_help_panel=WORKFLOW)
def study(
    name: Annotated[str, typer.Argument(help="a file of studies/, without .yaml")],
    overrides: Overrides = None,
    workspace: Annotated[str | None, typer.Option(help="the dataset's name by default")] = None,
    run: Annotated[bool, typer.Option(help="run it, or only write its pipeline")] = True,
) -> None:
    """Make a study's report: reports/<workspace>/<study>/.

    The workspace keeps parameters, a dvc.yaml and a dvc.lock of its own. Overrides are for a new
    one; one that is there must agree with them.
    """
    with _workflow() as commands:
        commands.study(name, overrides or [], workspace, run)


@app.command(rich_help_panel=WORKFLOW)
def show(
    folder: Annotated[Path | None, typer.Argument(help="of a report; main's by default")] = None,
) -> None:
    """Print a report's table, and where its page is."""
    with _workflow() as commands:
        commands.show(folder)


@app.command(rich_help_panel=WORKFLOW)
def costs(workspace: Workspace = MAIN_WORKSPACE) -> None:
    """Print what each stage cost when it last ran: time, memory, speed."""
    with _workflow() as commands:
        commands.costs(workspace)


@contextmanager
def _workflow() -> Iterator[ModuleType]:
    """What these commands do, or what to install for them."""
    with needs("workflow"):
        from backfill import workflow

        yield workflow


def main() -> None:
    """Run the command line."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path need not be UTF-8
    with mistakes_in_one_line():
        app()


if __name__ == "__main__":
    main()
