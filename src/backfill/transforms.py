"""Transforms psi, rho, h, f: small networks over stored embeddings, and how they are trained.

A row of `transforms` names its modules and what each reads, a loss, and the retrieval systems
that the loss makes compatible. The encoders stay fixed; no image is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn
from tqdm import tqdm

from backfill.artifacts import LOG_VARIANCE, replacing
from backfill.device import has_fast_bfloat16
from backfill.losses.alignment import alignment
from backfill.losses.contrastive import contrastive, metric_compatible
from backfill.losses.distance import unit
from backfill.losses.fastfill import point_to_class, under_uncertainty

if TYPE_CHECKING:
    from backfill.encoders.classifier import StoredClassifier
    from backfill.params import Transform, TransformTraining

Embeddings = Mapping[str, Tensor]
Array = np.ndarray[Any, Any]


class Mlp(nn.Sequential):
    """`depth` blocks of Linear, BatchNorm, ReLU, the last one Linear alone (Seo et al., 2023).

    Several inputs, such as an embedding and its side information, are concatenated.

    Args:
        inputs: size of each input.
        output: size of the result.
        depth: number of Linear layers, at least 1.
        width: size of each hidden layer.
    """

    def __init__(self, inputs: Sequence[int], output: int, depth: int, width: int) -> None:
        sizes = [sum(inputs), *[width] * (depth - 1), output]
        layers: list[nn.Module] = []
        for size, following in pairwise(sizes[:-1]):
            layers += [nn.Linear(size, following), nn.BatchNorm1d(following), nn.ReLU()]
        super().__init__(*layers, nn.Linear(sizes[-2], sizes[-1]))


class Transforms(nn.Module):
    """The modules of one row, each reading stored embeddings or modules before it.

    Args:
        row: of params.yaml.
        training: depth and width of the modules.
        dims: size of each stored embedding that the row reads.
    """

    def __init__(
        self, row: Transform, training: TransformTraining, dims: Mapping[str, int]
    ) -> None:
        super().__init__()
        self.reads = dict(row.modules)
        sizes = dict(dims)
        self.parts = nn.ModuleDict()
        for name, inputs in row.modules.items():
            sizes[name] = _output_size(name, row, dims)
            self.parts[name] = Mlp(
                [sizes[i] for i in inputs], sizes[name], training.depth, training.width
            )
        # How far off a module's output will be, from what the module reads (FastFill).
        self.doubted = row.uncertainty
        self.doubt = (
            Mlp([sizes[i] for i in row.modules[row.uncertainty]], 1, 2, training.width)
            if row.uncertainty
            else None
        )

    def forward(self, stored: Embeddings) -> dict[str, Tensor]:
        """Map stored (B, D) unit-length embeddings by name to those and every module's output."""
        known = dict(stored)
        for name, part in self.parts.items():
            inputs = torch.cat([known[i] for i in self.reads[name]], dim=1)
            known[name] = F.normalize(part(inputs).to(inputs.dtype))
        return known

    def log_variance(self, known: Embeddings) -> Tensor:
        """(B,) log-variance of the doubted module's error, from what :meth:`forward` returned."""
        assert self.doubt is not None
        assert self.doubted is not None
        inputs = torch.cat([known[i] for i in self.reads[self.doubted]], dim=1)
        # Fitted to the modules' errors, it must not bend what they make.
        return self.doubt(inputs.detach()).squeeze(1)  # type: ignore[no-any-return]


def _output_size(module: str, row: Transform, dims: Mapping[str, int]) -> int:
    """A module is as wide as the stored embedding that it is compared with, else as `dim` says."""
    for pair in (row.before, row.after):
        if pair is not None and module in (pair.query, pair.gallery):
            other = pair.gallery if module == pair.query else pair.query
            if other in dims:
                return dims[other]
    return row.dim or dims[row.new]


def loss_of(
    name: str,
    before: tuple[Tensor, Tensor],
    after: tuple[Tensor, Tensor] | None,
    labels: Tensor,
    training: TransformTraining,
) -> Tensor:
    """The loss of params.yaml's `name` for the (query, gallery) embeddings of both systems."""
    options: dict[str, Any] = {"temperature": training.temperature, "mining": training.mining}
    if name == "alignment":
        return alignment(*before)
    if name == "cl":
        return contrastive(*before, labels, **options)
    if name == "cl_both":
        assert after is not None
        return contrastive(*before, labels, **options) + contrastive(*after, labels, **options)
    assert name == "mcl"
    assert after is not None
    return metric_compatible(before, after, labels, **options)


class TargetClasses(NamedTuple):
    """What the new encoder's classifier says of items: its unit rows, and which is whose."""

    weight: Tensor  # (C, D)
    scale: float
    rows: Tensor  # (N,)

    @classmethod
    def of(cls, classifier: StoredClassifier, labels: Tensor) -> TargetClasses:
        """For (N,) labels, each of a class that the classifier knows."""
        weight = unit(torch.from_numpy(classifier.weight).to(labels.device))
        classes = torch.tensor(classifier.classes, device=labels.device)
        return cls(weight, classifier.scale, torch.searchsorted(classes, labels))

    def of_batch(self, batch: Tensor) -> TargetClasses:
        """Those of the items `batch`, (B,)."""
        return self._replace(rows=self.rows[batch.to(self.rows.device)])


def fastfill(
    model: Transforms,
    row: Transform,
    before: tuple[Tensor, Tensor],
    known: Embeddings,
    classes: TargetClasses,
) -> Tensor:
    """FastFill's loss: exp(-s) * (L2 + mu * CE) + s, with s the predicted log-variance.

    L2 is the squared distance of h(old) from the new embedding, CE the new classifier's loss on
    h(old), mu the row's `class_weight`; form of the head and mu are ours.
    """
    target, made = before
    to_point = (unit(made) - unit(target)).square().sum(1)
    to_class = point_to_class(made, classes.rows, classes.weight, classes.scale)
    return under_uncertainty(to_point + row.class_weight * to_class, model.log_variance(known))


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
    """Train the modules of a row with Adam and a cosine schedule.

    In bfloat16 autocast where the device is fast at it; losses are float32.

    Args:
        row: modules, loss and systems.
        training: how; already with the row's overrides.
        views: (V, N, D) stored embeddings of the training set under each name the row reads,
            one array an encoder, of V augmented views.
        labels: (N,) classes.
        classifier: the new encoder's, for the loss `fastfill`.
        seed: of weights, batches and views.
        device: where to train.
        log: called with each epoch's mean loss.
        title: shown beside the progress bar.

    Returns:
        The trained modules, ready for inference.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    stored = {name: torch.from_numpy(np.asarray(v)).to(device) for name, v in views.items()}
    targets = torch.from_numpy(np.asarray(labels)).to(device)
    model = Transforms(row, training, {name: v.shape[2] for name, v in stored.items()}).to(device)
    classes = None if classifier is None else TargetClasses.of(classifier, targets)
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
                # One view of each item as a query, one as a gallery item: the same, or another.
                as_query = _draw(stored, batch, generator)
                same = training.views == "same"
                as_gallery = as_query if same else _draw(stored, batch, generator)
                with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                    queries = model(as_query)
                    galleries = queries if same else model(as_gallery)

                before = queries[row.before.query], galleries[row.before.gallery]
                after = None
                if row.after is not None:
                    after = queries[row.after.query], galleries[row.after.gallery]
                if row.separate:  # the query's module learns from `after` alone
                    before = before[0].detach(), before[1]
                if row.loss == "fastfill":
                    assert classes is not None
                    loss = fastfill(model, row, before, galleries, classes.of_batch(batch))
                else:
                    loss = loss_of(row.loss, before, after, targets[batch], training)
                    if row.uncertainty:
                        errors = (before[0] - before[1]).square().sum(1).detach()
                        loss = loss + under_uncertainty(errors, model.log_variance(galleries))
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                scheduler.step()
                total += loss.detach()
                bar.update()
            log({"loss": float(total) / steps})
    return model.eval()


def _draw(stored: Embeddings, batch: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """One random view of each item of a batch; the same view in every encoder's embeddings."""
    views = len(next(iter(stored.values())))
    view = torch.randint(views, (len(batch),), generator=generator)
    return {name: v[view.to(v.device), batch.to(v.device)] for name, v in stored.items()}


@torch.inference_mode()
def apply(
    model: Transforms, stored: Mapping[str, Array], device: torch.device, batch_size: int = 8192
) -> dict[str, Array]:
    """Outputs of every module on (N, D) stored embeddings: (N, D') float32 of unit length.

    A row with `uncertainty` also gives LOG_VARIANCE, (N,).
    """
    outputs: dict[str, list[Array]] = {name: [] for name in model.parts}
    if model.doubted is not None:
        outputs[LOG_VARIANCE] = []
    count = len(next(iter(stored.values())))
    for start in range(0, count, batch_size):
        batch = {
            name: torch.from_numpy(np.array(v[start : start + batch_size])).to(device)
            for name, v in stored.items()
        }
        results = model(batch)
        if model.doubted is not None:
            results[LOG_VARIANCE] = model.log_variance(results)
        for name, chunks in outputs.items():
            chunks.append(results[name].cpu().numpy())
    return {name: np.concatenate(chunks) for name, chunks in outputs.items()}


def save(model: Transforms, path: Path) -> None:
    """Write the weights as safetensors."""
    with replacing(path) as temporary:
        save_file({k: v.cpu().contiguous() for k, v in model.state_dict().items()}, temporary)
