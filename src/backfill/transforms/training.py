"""The loop that trains transforms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from backfill.arrays import Array
from backfill.device import has_fast_bfloat16
from backfill.losses.registry import TRANSFORM_LOSSES, Pair, Step, TargetClasses
from backfill.transforms.modules import Embeddings, Transforms

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
    """Train the modules of a row with AdamW and a cosine schedule.

    Modules run in bfloat16 autocast on devices that are fast at it; losses are in float32.

    Args:
        row: modules, loss and systems.
        training: settings, with the row's overrides.
        views: (V, N, D) stored embeddings of the training set in V augmented views, one array for
            each encoder that the row reads.
        labels: (N,) classes.
        classifier: of the new encoder, if :func:`needs_classifier`.
        seed: of weights, batches and views.
        device: where to train.
        log: called with each epoch's mean loss.
        title: shown beside the progress bar.

    Returns:
        The trained modules, ready for inference.

    Raises:
        InputError: the loss needs a classifier, and there is none or it lacks a class.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    stored = {name: torch.from_numpy(np.asarray(v)).to(device) for name, v in views.items()}
    targets = torch.from_numpy(np.asarray(labels)).to(device)
    model = Transforms(row, training, {name: v.shape[2] for name, v in stored.items()}).to(device)
    loss_of = TRANSFORM_LOSSES[row.loss]
    classes = None
    if classifier is not None and loss_of.needs_classifier:
        classes = TargetClasses.of(classifier, targets)
    bfloat16 = has_fast_bfloat16(device)

    count, size = len(targets), min(training.batch_size, len(targets))
    steps = count // size
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
    )
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, training.epochs * steps)
    with tqdm(total=training.epochs * steps, desc=title, unit="batch", mininterval=1) as bar:
        for _ in range(training.epochs):
            total = torch.zeros((), device=device)
            for batch in torch.randperm(count, generator=generator)[: steps * size].view(-1, size):
                # One view of each item as a query, and the same or another one as a gallery item.
                as_query = _draw(stored, batch, generator)
                same = training.views == "same"
                as_gallery = as_query if same else _draw(stored, batch, generator)
                with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                    queries = model(as_query)
                    galleries = queries if same else model(as_gallery)
                step = Step(
                    row,
                    training,
                    {
                        name: Pair(queries[system.query], galleries[system.gallery])
                        for name, system in row.systems.items()
                    },
                    targets[batch],
                    model.log_variance(galleries),
                    classes and classes.of_batch(batch),
                )
                loss = loss_of(step)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                scheduler.step()
                total += loss.detach()
                bar.update()
            log({"loss": float(total) / steps})
    return model.eval()


def _draw(stored: Embeddings, batch: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """One random view of each item of a batch, the same view by every encoder."""
    views = len(next(iter(stored.values())))
    view = torch.randint(views, (len(batch),), generator=generator)
    return {name: v[view.to(v.device), batch.to(v.device)] for name, v in stored.items()}
