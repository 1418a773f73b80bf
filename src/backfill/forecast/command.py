"""The command `backfill forecast`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backfill.artifacts import replacing
from backfill.errors import mistakes_in_one_line

Folder = Annotated[
    Path, typer.Argument(help="with old, new, sample, queries_old, queries_new, ...")
]


def forecast(
    folder: Folder,
    ask: Annotated[
        int, typer.Option(help="say which items to embed next, at most so many", min=0)
    ] = 0,
    rate: Annotated[float | None, typer.Option(help="items per second of the new model")] = None,
    price: Annotated[float | None, typer.Option(help="of a thousand embeddings")] = None,
    cascade: Annotated[int, typer.Option(help="items embedded on demand per query", min=1)] = 50,
    queries: Annotated[int, typer.Option(help="looked at, at most", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="of every draw", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="folder of the page; FOLDER by default")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON, for scripts")] = False,
) -> None:
    """Say what a switch of the model would do, before it is paid for.

    Writes forecast.html, the page, and forecast.json.
    """
    from backfill.forecast.ask import load, save
    from backfill.forecast.cost import measured_rate
    from backfill.forecast.page import write
    from backfill.forecast.run import Forecaster
    from backfill.forecast.settings import Settings
    from backfill.forecast.terminal import told
    from backfill.vectors import read

    with mistakes_in_one_line():
        upgrade = read(folder)
        asked = load(folder, len(upgrade.old))
        settings = Settings(queries=queries, cascade=cascade, seed=seed)
        forecaster = Forecaster.of(upgrade, asked, settings)
        rate = measured_rate(folder) if rate is None else rate
        made = forecaster.forecast(upgrade, str(folder), rate, price)
        home = out or folder
        with replacing(home / "forecast.json") as temporary:
            temporary.write_text(f"{made.model_dump_json(indent=1)}\n")
        page = write(made, home / "forecast.html")
        if as_json:
            print(made.model_dump_json(indent=1))
        else:
            told(made)
            print(f"\nThe page: {page}")
        if ask:
            listed = save(forecaster.ask(ask), folder)
            print(f"{listed}: embed these rows, append them to new and sample, and forecast again")


def judge(
    folder: Folder,
    queries: Annotated[int, typer.Option(help="judged, drawn at random", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="of every draw", min=0)] = 0,
) -> None:
    """Make a page on which people judge both models' results, with one key each.

    Writes judge.html. Its answers, saved into the folder as qrels.tsv, are read by
    `backfill forecast`.
    """
    from backfill.forecast.ask import load
    from backfill.forecast.judging import ANSWERS, pool, recommended, write
    from backfill.vectors import read

    with mistakes_in_one_line():
        upgrade = read(folder)
        asked = load(folder, len(upgrade.old)).rows
        found = pool(upgrade, asked, queries, recommended(folder), seed)
        page = folder / "judge.html"
        write(upgrade, found, page, seed)
        print(
            f"{page}: {sum(map(len, found.items)):,} results of {len(found.queries):,} queries to "
            f"judge. Open it in a browser, save the answers as {folder / ANSWERS}, and run "
            f"`backfill forecast {folder}` again."
        )
        if upgrade.texts is None or upgrade.query_texts is None:
            print("Ids are shown where there are no texts (texts, query_texts).")
        if upgrade.judgements is not None:
            print("There are judgements already: add the answers to them.")
        if found.expected > found.new / 2:
            print(
                f"{found.expected:,} of the {found.new:,} results by the new model are expected by "
                "a map, not embedded anew. What it finds instead is not judged, and counts against "
                f"it: `backfill forecast {folder} --ask 1000` says what to embed first."
            )
