"""The loop that trains transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from backfill import validate
from backfill.arrays import Array
from backfill.device import has_fast_bfloat16
from backfill.errors import InputError
from backfill.losses.registry import TRANSFORM_LOSSES, Pair, Step, TargetClasses
from backfill.transforms.examples import Examples, halfway, stored
from backfill.transforms.modules import Transforms
from backfill.transforms.stopping import Watch, steps_that_generalise

if TYPE_CHECKING:
    from backfill.encoders.classifier import StoredClassifier
    from backfill.params.rows.transforms import Transform
    from backfill.params.settings import TransformTraining


def needs_classifier(row: Transform) -> bool:
    """Whether the row's loss reads the classifier of the new encoder."""
    return TRANSFORM_LOSSES[row.loss].needs_classifier


def train(
    row: Transform,
    training: TransformTraining,
    views: Mapping[str, Array],
    labels: Array,
    classifier: StoredClassifier | None = None,
    *,
    seed: int,
    device: torch.device,
    log: Callable[[dict[str, float]], object] = lambda record: None,
    title: str = "transform",
) -> Transforms:
    """Train the modules of a row with AdamW and a cosine schedule, after a warm-up if there is one.

    With `held_out`, a first training leaves some classes out and says after how many steps the
    modules are best on these; the training that counts then has all classes and ends there.
    Modules run in bfloat16 autocast on devices that are fast at it; losses are in float32.

    Args:
        row: modules, loss and systems.
        training: settings, with the row's overrides.
        views: (V, N, D) stored embeddings of the training set in V augmented views, one array for
            each encoder that the row reads. Closed forms are fitted on all of them.
        labels: (N,) classes.
        classifier: of the new encoder, if :func:`needs_classifier`.
        seed: of weights, batches, views, and what is held out.
        device: where to train.
        log: called at every check with the number of steps so far, and the mean loss since the
            last one.
        title: shown beside the progress bar.

    Returns:
        The trained modules, ready for inference.

    Raises:
        InputError: embeddings, labels or the seed cannot be used; the loss needs a classifier, and
            there is none or it lacks a class; or it learns from items of one class, and every item
            is its own.
    """
    validate.one_of("row.loss", getattr(row, "loss", None), TRANSFORM_LOSSES)
    from backfill.params.settings import TransformTraining  # whose package asks for the rows

    validate.instance("training", training, TransformTraining)
    validate.seed("seed", seed)
    validate.instance("device", device, torch.device)
    examples = Examples.of(stored("views", views, row.inputs), labels, device)
    if TRANSFORM_LOSSES[row.loss].uses_labels and len(np.unique(labels)) == len(labels):
        # Without positives, all embeddings would only be pushed apart.
        raise InputError(
            f"labels: expected classes of several items for the loss {row.loss!r}, "
            f"got a class for each of {len(labels)} items"
        )
    if classifier is not None and needs_classifier(row):
        examples = replace(examples, classes=TargetClasses.of(classifier, examples.labels))
    model = _begin(row, training, examples, seed, device)
    if not any(p.requires_grad for p in model.parameters()):
        return model.eval()
    steps = training.steps
    if training.held_out and training.form == "residual":

        def rehearse(some: Examples, watch: Watch) -> None:
            trial = _begin(row, training, some, seed, device)
            _fit(
                trial, row, training, some, training.steps, seed, lambda record: None, title, watch
            )

        steps = steps_that_generalise(row, training, examples, rehearse, seed)
    _fit(model, row, training, examples, steps, seed, log, title)
    return model.eval()


def _begin(
    row: Transform, training: TransformTraining, examples: Examples, seed: int, device: torch.device
) -> Transforms:
    torch.manual_seed(seed)
    model = Transforms(row, training, examples.dims).to(device)
    model.begin(examples.views)
    return model


def _fit(
    model: Transforms,
    row: Transform,
    training: TransformTraining,
    examples: Examples,
    steps: int,
    seed: int,
    log: Callable[[dict[str, float]], object],
    title: str,
    watch: Watch = lambda step, model: None,
) -> None:
    """Train for so many steps of the schedule; a predicted uncertainty learns to its end."""
    device = examples.labels.device
    loss_of = TRANSFORM_LOSSES[row.loss]
    bfloat16 = has_fast_bfloat16(device)
    generator = torch.Generator().manual_seed(seed)
    batches = _batches(len(examples), training.batch_size, generator)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
    )
    anchored = training.form == "residual" and training.anchor > 0 and loss_of.uses_labels
    scheduler = _schedule(optimizer, training)
    settled = training.steps - round(training.settled_fraction * training.steps)
    last = training.steps if model.predictor is not None else steps
    between = max(1, training.steps // training.checks)
    total = torch.zeros((), device=device)
    watch(0, model)
    with tqdm(total=last, desc=title, unit="batch", mininterval=1) as bar:
        for step in range(1, last + 1):
            if step == settled + 1:
                model.networks.eval()
            if step == steps + 1:
                model.networks.eval().requires_grad_(False)
            batch = next(batches)
            # One view of each item as a query, and the same or another one as a gallery item.
            as_query = examples.draw(batch, generator)
            same = training.views == "same"
            as_gallery = as_query if same else examples.draw(batch, generator)
            with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                queries = model(as_query)
                galleries = queries if same else model(as_gallery)
            loss = loss_of(
                Step(
                    row,
                    training,
                    {
                        name: Pair(queries[system.query], galleries[system.gallery])
                        for name, system in row.systems.items()
                    },
                    examples.labels[batch],
                    model.log_variance(galleries),
                    examples.classes and examples.classes.of_batch(batch),
                )
            )
            if anchored and step <= steps:
                loss = loss + training.anchor * model.strayed(halfway(as_gallery))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            scheduler.step()
            total += loss.detach()
            if step % between == 0:
                watch(step, model)
                log({"step": step, "loss": float(total) / between})
                total.zero_()
            bar.update()


def _schedule(
    optimizer: torch.optim.Optimizer, training: TransformTraining
) -> torch.optim.lr_scheduler.LRScheduler:
    """A rise along a line, if there is one, and a fall along a cosine."""
    rise = round(training.warmup_fraction * training.steps)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, training.steps - rise)
    if not rise:
        return fall
    warmup = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / rise, 1.0, rise)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [warmup, fall], [rise])


def _batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Batches without end; each item once in a round, but for those that fill no whole batch."""
    size = min(size, count)
    while True:
        rounds = torch.randperm(count, generator=generator)[: count // size * size]
        yield from rounds.view(-1, size)
