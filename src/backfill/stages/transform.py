"""Stage `transform`: the modules of one row, trained on stored embeddings, for each seed."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from backfill import device as devices
from backfill import machine, transforms
from backfill.arrays import Array, Float32s, Int64s, at_seed
from backfill.artifacts import (
    EMBEDDINGS,
    LOG_VARIANCE,
    VIEWS,
    Layout,
    load_array,
    load_numbers,
    replacing,
    save_array,
)
from backfill.compute.side_by_side import side_by_side
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.pipeline.plans import TransformPlan
from backfill.stages.command import Done, run


class Made(NamedTuple):
    """What training under one seed gave.

    Attributes:
        model: the trained modules.
        losses: steps -> mean loss since the number before.
        outputs: module -> part -> (n, D) embeddings, or (n,) log-variances; of the training set
            (V, n, D), if they are kept.
    """

    model: transforms.Transforms
    losses: dict[int, float]
    outputs: dict[str, dict[str, Float32s]]


def transform(plan: TransformPlan, layout: Layout, name: str) -> Done:
    """Write weights, training curves, and what the modules make of queries and gallery.

    Args:
        plan: the stage's settings.
        layout: of the workspace.
        name: of the transform.

    Raises:
        InputError: stored embeddings are missing, or the classifier that FastFill's loss needs
            lacks classes.
    """
    _require_classes(plan, layout, name)
    made = dict(zip(plan.seeds, _of_seeds(plan, layout, name), strict=True))
    with replacing(layout.transform(name)) as folder:
        folder.mkdir()
        for seed, result in made.items():
            transforms.save(result.model, folder / f"seed_{seed}.safetensors")
            rows = [f"{step}\t{loss}" for step, loss in result.losses.items()]
            (folder / f"loss_seed_{seed}.tsv").write_text("\n".join(["step\tloss", *rows, ""]))
    with replacing(layout.embeddings(name)) as folder:
        for module, parts in next(iter(made.values())).outputs.items():
            for part in parts:
                of_seeds = [result.outputs[module][part] for result in made.values()]
                save_array(folder / module / f"{part}.npy", np.stack(of_seeds))
    trained = plan.training.steps * plan.training.batch_size
    return Done(trained * len(plan.seeds), "embeddings")


def _of_seeds(plan: TransformPlan, layout: Layout, name: str) -> list[Made]:
    """Seeds side by side, one thread each, so that their number changes no result.

    Each is a chain of small products, which several threads hardly share. On a GPU they follow
    each other.
    """
    work = partial(train_seed, plan, layout, name)
    at_once = min(plan.threads, len(plan.seeds))
    if at_once == 1 or devices.choose(plan.device).type != "cpu":
        return list(map(work, plan.seeds))
    return side_by_side(work, plan.seeds, at_once)


def train_seed(plan: TransformPlan, layout: Layout, name: str, seed: int) -> Made:
    """Train under one seed, with one thread, and apply the modules to queries and gallery."""
    machine.use_threads(1)
    device = devices.choose(plan.device)
    devices.make_deterministic(0)
    row = plan.row
    seen, labels = _seen(plan, layout)
    position = plan.seeds.index(seed)
    views = {s: _views(layout, s, position) for s in row.inputs}
    losses: dict[int, float] = {}
    model = transforms.train(
        row,
        plan.training,
        {name: of_all[:, seen] for name, of_all in views.items()},
        labels,
        _classifier(plan, layout),
        seed=seed,
        device=device,
        log=lambda record: losses.update({int(record["step"]): record["loss"]}),
        title=f"transform {name}, seed {seed}",
    )
    outputs: dict[str, dict[str, Float32s]] = {
        name: {} for name in (*row.makes, *([LOG_VARIANCE] if row.uncertainty else []))
    }
    for part in ("query", "gallery"):
        stored = {
            s: at_seed(load_array(layout.embeddings(s, part), EMBEDDINGS), position)
            for s in row.inputs
        }
        for module, made in transforms.apply(model, stored, device).items():
            outputs[module][part] = made
    if row.keeps_views:
        of_views = [
            transforms.apply(model, {name: v[view] for name, v in views.items()}, device)
            for view in range(len(next(iter(views.values()))))
        ]
        for made_set in row.makes:
            outputs[made_set]["train"] = np.stack([made[made_set] for made in of_views])
    return Made(model, losses, outputs)


def _seen(plan: TransformPlan, layout: Layout) -> tuple[Int64s, Int64s]:
    """Rows of the training set that the transform sees, and their classes."""
    labels = load_numbers(layout.labels("train"))
    seen = load_numbers(layout.share(plan.row.trains_on), below=len(labels))
    return seen, labels[seen]


def _views(layout: Layout, name: str, position: int) -> Array:
    """(V, N, D) embeddings of the training set; those of a module are of one of its seeds."""
    stored = load_array(layout.views(name), VIEWS, memory_map=True)
    return stored if stored.ndim == 3 else at_seed(stored, position)


def _classifier(plan: TransformPlan, layout: Layout) -> StoredClassifier | None:
    row = plan.row
    if not transforms.needs_classifier(row):
        return None
    return StoredClassifier.load(layout.embeddings(row.new))


def _require_classes(plan: TransformPlan, layout: Layout, name: str) -> None:
    """Raise InputError if the classifier of the new encoder lacks classes that are trained on."""
    classifier = _classifier(plan, layout)
    if classifier is None:
        return
    classes = np.unique(_seen(plan, layout)[1])
    missing = len(np.setdiff1d(classes, classifier.classes))
    if missing:
        raise InputError(
            f"transforms.{name}.new: expected a classifier of all {len(classes)} classes that are "
            f"trained on, got one that lacks {missing}"
        )


if __name__ == "__main__":
    run(transform)
