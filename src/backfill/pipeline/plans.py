"""What each stage reads: all of its settings, and nothing else.

The stage `plan` writes one file per stage and row. A changed setting changes the files of the
stages that read it, and DVC runs these and what follows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backfill.datasets import DatasetSettings
from backfill.params import Settings
from backfill.params.base import Section, Seed
from backfill.params.rows.encoders import Encoder
from backfill.params.rows.methods import Upgrade
from backfill.params.rows.orders import Order
from backfill.params.rows.splits import Split
from backfill.params.rows.transforms import Transform
from backfill.params.settings import Augment, Embed, Evaluate, Report, Train, TransformTraining
from backfill.pipeline.graph import Graph, needed


class SplitPlan(Section):
    """The dataset as arrays, and who trains on what."""

    dataset: DatasetSettings
    splits: dict[str, Split]


class TrainPlan(Section):
    """One encoder; `train` has the row's overrides."""

    device: str
    threads: int
    row: Encoder
    train: Train


class EmbedPlan(Section):
    """Every image through one encoder."""

    device: str
    threads: int
    embed: Embed
    augment: Augment


class TransformPlan(Section):
    """One transform; `training` and `seeds` have the row's overrides."""

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
    """A panel of a report: label -> method, and the labels of its two references."""

    methods: dict[str, str]
    upgrades: dict[str, Upgrade]
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
    report: Report
    settings: dict[str, Any]


PLANS: dict[str, type[Section]] = {
    "split": SplitPlan,
    "train": TrainPlan,
    "embed": EmbedPlan,
    "transform": TransformPlan,
    "order": OrderPlan,
    "evaluate": EvaluatePlan,
    "report": ReportPlan,
}


def plans(settings: Settings, graph: Graph) -> dict[tuple[str, ...], Section]:
    """The plan of every stage and row.

    Args:
        settings: of the run.
        graph: of the studies that are made.

    Returns:
        (stage,) if all of its rows have one plan, or (stage, row) -> the plan.
    """
    params = settings.params
    machine: dict[str, Any] = {"device": params.device, "threads": params.threads}
    seeds: dict[str, Any] = {"threads": params.threads, "seeds": params.seeds}
    found: dict[tuple[str, ...], Section] = {
        ("split",): SplitPlan(dataset=params.dataset, splits=graph.splits)
    }
    for name, encoder in graph.encoders.items():
        train = encoder.training(params.train)
        found["train", name] = TrainPlan(**machine, row=encoder, train=train)
    found["embed",] = EmbedPlan(**machine, embed=params.embed, augment=params.train.augment)
    for name, transform in graph.transforms.items():
        found["transform", name] = TransformPlan(
            **machine,
            row=transform,
            training=transform.training(params.transform),
            seeds=transform.seeds or params.seeds,
        )
    for name, order in graph.orders.items():
        found["order", name] = OrderPlan(**seeds, row=order)
    for name, method in graph.methods.items():
        found["evaluate", name] = EvaluatePlan(
            **seeds, row=method.upgrade, evaluate=params.evaluate
        )
    for name in graph.studies:
        found["report", name] = _report(name, settings)
    return found


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
            upgrades={label: upgrades[method] for label, method in methods.items()},
            old=label_of[chosen.old],
            new=label_of[chosen.new],
        )
    rows: dict[str, Mapping[str, Section]] = {
        "methods": upgrades,
        "transforms": graph.transforms,
        "encoders": graph.encoders,
        "splits": graph.splits,
    }
    return ReportPlan(
        dataset=params.dataset.name,
        question=study.question.strip(),
        panels=panels,
        figure=study.figure,
        minority=study.minority,
        compare=study.compare,
        report=params.report,
        # Where the work ran changes no result.
        settings=params.model_dump(mode="json", exclude_none=True, exclude={"compute"})
        | {
            section: {
                n: row.model_dump(mode="json", exclude_defaults=True) for n, row in of.items()
            }
            for section, of in rows.items()
        },
    )
