"""Stage `plan`: checks all settings together, and gives each stage those that it reads."""

from __future__ import annotations

import argparse
import shutil

from backfill.artifacts import MAIN_WORKSPACE, Layout, replacing
from backfill.errors import InputError
from backfill.params import load, load_params
from backfill.pipeline.declared import Watch
from backfill.pipeline.dvc_yaml import require_current
from backfill.pipeline.fitness import require_fit
from backfill.pipeline.graph import Graph, needed
from backfill.pipeline.plans import plans
from backfill.stages.command import mistakes_in_one_line, named


def plan(layout: Layout, studies: list[str]) -> None:
    """Write one file of settings per stage and row.

    Unchanged settings give the same bytes, so that DVC does not run their stages again.

    Args:
        layout: of the workspace.
        studies: names of the studies that are made in it.

    Raises:
        InputError: settings are wrong, dvc.yaml does not have the rows that they ask for, or a file
            of settings has changed meanwhile.
    """
    at_first = Watch.begun(layout, "plan", also=[layout.params])
    main = load_params(layout.params).main
    if layout.is_main and studies != [main]:
        raise InputError(
            f"{layout.pipeline}: expected the study {main}, as {layout.params} says, got "
            f"{' '.join(studies)}; `backfill pipeline` writes the file anew"
        )
    settings = load(layout.params, studies)
    graph = needed(settings, studies)
    require_fit(layout.params, settings, graph)
    require_current(layout, graph)
    made = plans(settings, graph)
    for draw in sorted({draw for draw, _ in made}):
        with replacing(layout.of_draw(draw).drawn / "plan") as folder:
            for (of, (stage, *row)), settings_of_stage in made.items():
                if of == draw:
                    path = folder.joinpath(stage, *row).with_suffix(".json")
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(settings_of_stage.model_dump_json(indent=1) + "\n", "utf-8")
    at_first.require_same()
    _drop_results_of_others(layout, graph)


def _drop_results_of_others(layout: Layout, graph: Graph) -> None:
    """Remove curves of methods that are no longer compared: the main report reads the folders."""
    folders = [layout.data / "evaluate", *layout.data.glob("draws/*/evaluate")]
    for path in (path for folder in folders if folder.is_dir() for path in folder.iterdir()):
        if path.is_dir() and not path.is_symlink() and path.name not in graph.methods:
            shutil.rmtree(path)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m backfill.stages.plan", description=__doc__)
    parser.add_argument("studies", nargs="+", help="names of the studies that are made")
    parser.add_argument("--workspace", default=MAIN_WORKSPACE, help="where; main by default")
    arguments = parser.parse_args()
    with mistakes_in_one_line():
        names = [named("studies", name) for name in arguments.studies]
        plan(Layout(named("--workspace", arguments.workspace)), names)


if __name__ == "__main__":
    main()
