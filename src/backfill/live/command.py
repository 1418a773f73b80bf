"""The commands of a live migration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backfill.errors import InputError, mistakes_in_one_line

if TYPE_CHECKING:
    from backfill.live.opened import Opened
    from backfill.live.terms import State

app = typer.Typer()
PANEL = "A live migration"

File = Annotated[Path, typer.Argument(help="the migration's YAML file")]
Json = Annotated[bool, typer.Option("--json", help="print JSON, for scripts")]
Rate = Annotated[float | None, typer.Option(min=0.001, help="most items per second")]
Workers = Annotated[int, typer.Option(min=1, help="processes; more than one by Ray")]
Follow = Annotated[bool, typer.Option("--follow", help="go on when nothing waits")]


@contextmanager
def _opened(file: Path) -> Iterator[Opened]:
    """Open a migration; a user's mistake is one line, and so is a model that does not answer."""
    from backfill.live.embedders import Unavailable
    from backfill.live.opened import Opened

    with mistakes_in_one_line():
        opened = Opened.of(file)
        try:
            yield opened
        except Unavailable as error:
            raise InputError(f"{file}: {error}") from error
        finally:
            opened.close()


@app.command(rich_help_panel=PANEL)
def plan(file: File, as_json: Json = False) -> None:
    """Say what a migration would take: items, time, money, disk, and what is missing.

    A few items are embedded to see how fast that goes. Nothing is changed.
    """
    from backfill.live import telling
    from backfill.live.planning import plan as planned

    with _opened(file) as opened:
        found = planned(opened)
        print(found.model_dump_json(indent=1)) if as_json else telling.plan(found)
        if found.missing:
            raise typer.Exit(1)


@app.command(rich_help_panel=PANEL)
def sample(
    file: File,
    folder: Annotated[Path, typer.Argument(help="to be written, for `backfill forecast`")],
    queries: Annotated[
        Path | None, typer.Option(help="file of query texts, one per line; both models embed them")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the draw")] = 0,
) -> None:
    """Draw a sample from the database and embed it, for a forecast."""
    from backfill.live.sampling import sample as sampled
    from backfill.reading.files import read_text

    with _opened(file) as opened:
        texts = [] if queries is None else read_text(queries, "queries", 50_000_000).splitlines()
        items = sampled(opened, folder, [text for text in texts if text.strip()], seed)
        print(f"{folder}: {items:,} items; now: backfill forecast {folder}")


@app.command(rich_help_panel=PANEL)
def start(
    file: File,
    rate: Rate = None,
    workers: Workers = 1,
    follow: Follow = False,
    seed: Annotated[int, typer.Option(min=0, help="of the sample")] = 0,
) -> None:
    """Serve merged results from now on, and embed what waits.

    If it is stopped, `backfill resume` goes on.
    """
    from backfill.live.starting import start as started
    from backfill.live.starting import write_known

    with _opened(file) as opened:
        serving = started(opened, seed)
        typer.echo(
            f"{opened.migration.name}: waiting items are served by {serving.method}", err=True
        )
        write_known(opened)
        _work(opened, rate, workers, follow=follow)


@app.command(rich_help_panel=PANEL)
def resume(file: File, rate: Rate = None, workers: Workers = 1, follow: Follow = False) -> None:
    """Go on after a pause, or after whatever stopped the workers.

    Items that were set aside are tried again.
    """
    from backfill.live.states import change, require_started

    with _opened(file) as opened:

        def running(state: State) -> State:
            require_started(state, opened.migration.name)
            if state.phase == "finished":
                return state.model_copy(update={"aside": {}})
            return state.model_copy(update={"phase": "running", "reason": "", "aside": {}})

        change(opened.database, running)
        _work(opened, rate, workers, follow=follow)


@app.command(rich_help_panel=PANEL)
def pause(file: File) -> None:
    """Stop all workers after their batch; searches go on."""
    from backfill.live.states import pause as paused
    from backfill.live.states import require_started

    with _opened(file) as opened:
        state = paused(opened.database, "by `backfill pause`")
        require_started(state, opened.migration.name)
        print(f"{opened.migration.name}: {state.phase}")


@app.command(rich_help_panel=PANEL)
def status(
    file: File,
    searches: Annotated[bool, typer.Option(help="ask queries, for recall and times")] = True,
    page: Annotated[Path | None, typer.Option(help="write a page there, too")] = None,
    as_json: Json = False,
) -> None:
    """Say where a migration is, counted from the data."""
    from backfill.live import telling
    from backfill.live.page import write
    from backfill.live.status import status as looked

    with _opened(file) as opened:
        found = looked(opened, searches=searches)
        print(found.model_dump_json(indent=1)) if as_json else telling.status(found)
        if page is not None:
            write(opened, found, page)


@app.command(rich_help_panel=PANEL)
def verify(file: File, as_json: Json = False) -> None:
    """Compare all fingerprints, embed some items again, and measure recall.

    Status 1 if anything waits or is wrong.
    """
    from backfill.live import telling
    from backfill.live.verifying import verify as verified

    with _opened(file) as opened:
        found = verified(opened)
        print(found.model_dump_json(indent=1)) if as_json else telling.verified(found)
        if not found.passed:
            raise typer.Exit(1)


@app.command(rich_help_panel=PANEL)
def finish(
    file: File,
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="keep the old vectors, for a rollback")
    ] = False,
    without: Annotated[
        int, typer.Option(min=0, help="most items that are set aside and may be left out")
    ] = 0,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Search the new vectors alone from now on."""
    from backfill.live.ending import finish as finished

    with _opened(file) as opened:
        if not keep_old and not yes:
            typer.confirm(
                "The old vectors and their index are removed for good. Go on?", abort=True
            )
        print(finished(opened, keep_old=keep_old, without=without))


@app.command(rich_help_panel=PANEL)
def rollback(
    file: File,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Remove all that the migration has added; the old system is as it was."""
    from backfill.live.ending import roll_back

    with _opened(file) as opened:
        if not yes:
            typer.confirm("All new vectors are removed. Go on?", abort=True)
        roll_back(opened)
        print(f"{opened.migration.name}: rolled back")


def _work(opened: Opened, rate: float | None, workers: int, *, follow: bool) -> None:
    """Work, and say how it ended."""
    from backfill.live import aside
    from backfill.live.working import work

    state = work(opened, workers=workers, rate=rate, follow=follow)
    name = opened.migration.name
    if state.phase == "paused":
        if state.reason.startswith("by "):
            print(f"{name}: paused {state.reason}")
            return
        raise InputError(f"{name}: paused: {state.reason}; then: backfill resume")
    counts = opened.database.counts()
    left = aside.waiting_aside(opened.database, state)
    print(f"{name}: {counts.done:,} of {counts.items:,} items are done")
    for sentence in aside.sentences(left):
        print(f"set aside {sentence}")
