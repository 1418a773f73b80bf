"""What each stage reads: all of its settings, and nothing else.

The stage `plan` writes one file per stage, row and draw of the encoders. A changed setting changes
the files of the stages that read it, and DVC runs these and what follows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from backfill.datasets import DatasetSettings
from backfill.params import Settings
from backfill.params.base import Section, Seed
from backfill.params.rows.encoders import Stored, Trained
from backfill.params.rows.methods import Upgrade
from backfill.params.rows.orders import Order
from backfill.params.rows.splits import Split
from backfill.params.rows.transforms import Transform
from backfill.params.settings import Augment, Embed, Evaluate, Report, Train, TransformTraining
from backfill.params.study import Choice
from backfill.pipeline.draws import seeds_of
from backfill.pipeline.graph import Graph, needed


class SplitPlan(Section):
    """The dataset as arrays, and who trains on what."""

    dataset: DatasetSettings
    splits: dict[str, Split]


class TrainPlan(Section):
    """One draw of an encoder; `train` has the row's overrides."""

    device: str
    threads: int
    row: Trained
    train: Train

    @property
    def seed(self) -> Seed:
        """The only one that is left of the row's seeds."""
        return self.row.seeds[0]


class EmbedPlan(Section):
    """Every image through one encoder."""

    device: str
    threads: int
    embed: Embed
    augment: Augment


class ReadPlan(Section):
    """The vectors of one side of a folder."""

    dataset: DatasetSettings
    row: Stored


class TransformPlan(Section):
    """One transform; `training` has the row's overrides, and `seeds` are those of the draw."""

    device: str
    threads: int
    row: Transform
    training: TransformTraining
    seeds: list[Seed]


class OrderPlan(Section):
    """One backfill order."""

    threads: int
    seeds: list[Seed]
    row: Order


class EvaluatePlan(Section):
    """One method's curve."""

    threads: int
    seeds: list[Seed]
    row: Upgrade
    evaluate: Evaluate


class PanelPlan(Section):
    """A panel of a report, by label, and the labels of its two references.

    Attributes:
        methods: which one.
        draws: how many draws of the encoders it has.
        upgrades: what its curve is computed from.
        bounds: the labels whose order knows the answers.
    """

    methods: dict[str, str]
    draws: dict[str, int]
    upgrades: dict[str, Upgrade]
    bounds: list[str]
    old: str
    new: str


class ReportPlan(Section):
    """One study's report, and all settings, as its page shows them."""

    dataset: str
    question: str
    panels: dict[str, PanelPlan]
    figure: str | None
    minority: list[str]
    compare: list[tuple[str, str]]
    choices: list[Choice]
    report: Report
    settings: dict[str, Any]


Row = TypeVar("Row", bound=Section)
Key = tuple[int, tuple[str, ...]]

PLANS: dict[str, type[Section]] = {
    "split": SplitPlan,
    "train": TrainPlan,
    "embed": EmbedPlan,
    "read": ReadPlan,
    "transform": TransformPlan,
    "order": OrderPlan,
    "evaluate": EvaluatePlan,
    "report": ReportPlan,
}


def plans(settings: Settings, graph: Graph) -> dict[Key, Section]:
    """The plan of every stage, row and draw.

    Args:
        settings: of the run.
        graph: of the studies that are made.

    Returns:
        The draw, and (stage,) if all of its rows have one plan or (stage, row) -> the plan.
    """
    params = settings.params
    machine: dict[str, Any] = {"device": params.device, "threads": params.threads}

    def of(stage: str, rows: Mapping[str, Row]) -> Iterator[tuple[int, Key, Row]]:
        """Draw, key and row of each plan of a stage."""
        for name, row in rows.items():
            for draw in range(graph.draws[stage, name]):
                yield draw, (draw, (stage, name)), row

    def seeds(draw: int) -> dict[str, Any]:
        return {"threads": params.threads, "seeds": seeds_of(params.seeds, draw)}

    found: dict[Key, Section] = {
        (0, ("split",)): SplitPlan(dataset=params.dataset, splits=graph.splits),
    }
    if graph.trained:
        embed = EmbedPlan(**machine, embed=params.embed, augment=params.train.augment)
        found[0, ("embed",)] = embed
    for _, key, stored in of("read", graph.stored):
        found[key] = ReadPlan(dataset=params.dataset, row=stored)
    for draw, key, encoder in of("train", graph.trained):
        drawn = encoder.model_copy(update={"seeds": [encoder.seeds[draw]]})
        found[key] = TrainPlan(**machine, row=drawn, train=encoder.training(params.train))
    for draw, key, transform in of("transform", graph.transforms):
        found[key] = TransformPlan(
            **machine,
            row=transform,
            training=transform.training(params.transform),
            seeds=seeds_of(transform.seeds or params.seeds, draw),
        )
    for draw, key, order in of("order", graph.orders):
        found[key] = OrderPlan(**seeds(draw), row=order)
    for draw, key, method in of("evaluate", graph.methods):
        found[key] = EvaluatePlan(**seeds(draw), row=method.upgrade, evaluate=params.evaluate)
    for name in graph.studies:
        found[0, ("report", name)] = _report(name, settings)
    return found


def _searched(dataset: DatasetSettings) -> str:
    """What was searched, for readers; the paper's numbers are about test images alone."""
    return dataset.title + ("" if dataset.search == "test" else f", {dataset.search}")


def _report(name: str, settings: Settings) -> ReportPlan:
    # Of this study alone: another one beside it is no reason to report anew.
    graph, params = needed(settings, [name]), settings.params
    study = graph.studies[name]
    upgrades = {method: row.upgrade for method, row in graph.methods.items()}
    panels = {}
    for panel, methods in graph.panels[name].items():
        label_of = {method: label for label, method in methods.items()}
        chosen = study.panels[panel]
        panels[panel] = PanelPlan(
            methods=methods,
            draws={label: graph.draws["evaluate", method] for label, method in methods.items()},
            upgrades={label: upgrades[method] for label, method in methods.items()},
            bounds=[
                label
                for label, method in methods.items()
                if graph.orders[upgrades[method].order].knows_the_answers
            ],
            old=label_of[chosen.old],
            new=label_of[chosen.new],
        )
    rows: dict[str, Mapping[str, Section]] = {
        "methods": upgrades,
        "transforms": graph.transforms,
        "encoders": {
            **{
                n: row.model_copy(update={"seeds": row.seeds[: graph.draws["train", n]]})
                for n, row in graph.trained.items()
            },
            **graph.stored,
        },
        "splits": graph.splits,
    }
    return ReportPlan(
        dataset=_searched(params.dataset),
        question=study.question.strip(),
        panels=panels,
        figure=study.figure,
        minority=study.minority,
        compare=study.compare,
        # Those of the studies that it builds on are behind its numbers too.
        choices=[choice for of in graph.files for choice in settings.catalogue.studies[of].choices],
        report=params.report,
        # Where the work ran changes no result; nor does how encoders would be trained.
        settings=params.model_dump(
            mode="json",
            exclude_none=True,
            exclude={"compute", *(() if graph.trained else ("train", "embed"))},
        )
        | {
            section: {
                n: row.model_dump(mode="json", exclude_defaults=True) for n, row in of.items()
            }
            for section, of in rows.items()
        },
    )
