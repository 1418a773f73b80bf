"""The stored embeddings that transforms learn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from backfill import validate
from backfill.arrays import Array, Int64s
from backfill.errors import InputError
from backfill.losses.registry import TargetClasses


@dataclass(frozen=True)
class Examples:
    """N items in V views, by every encoder that a row reads.

    Attributes:
        stored: encoder -> (V, N, D).
        labels: (N,) classes.
        classes: the new encoder's classifier and the items' classes, for losses that read it.
    """

    stored: Mapping[str, Tensor]
    labels: Tensor
    classes: TargetClasses | None = None

    @classmethod
    def of(cls, views: Mapping[str, Array], labels: Array, device: torch.device) -> Examples:
        """Put (V, N, D) arrays by encoder, and (N,) labels, on a device.

        Raises:
            InputError: views are not those of as many items as there are labels, or not finite.
        """
        of_items = validate.integers("labels", labels)
        checked = {
            name: _views(f"views[{name!r}]", v) for name, v in stored("views", views).items()
        }
        shape = next(iter(checked.values())).shape[:1] + of_items.shape
        for name, array in checked.items():
            if array.shape[:2] != shape:
                raise InputError(
                    f"views[{name!r}]: expected {shape[0]} views of {shape[1]} items, "
                    f"got shape {array.shape}"
                )
        return cls(
            {name: torch.from_numpy(array).to(device) for name, array in checked.items()},
            torch.from_numpy(of_items).to(device),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def dims(self) -> dict[str, int]:
        """Width of each encoder's embeddings."""
        return {name: v.shape[2] for name, v in self.stored.items()}

    @property
    def views(self) -> dict[str, Array]:
        """Encoder -> (V, N, D), as arrays."""
        return {name: v.cpu().numpy() for name, v in self.stored.items()}

    def among(self, items: Int64s) -> Examples:
        """Keep some items."""
        rows = torch.from_numpy(items).to(self.labels.device)
        return Examples(
            {name: v[:, rows] for name, v in self.stored.items()},
            self.labels[rows],
            self.classes and self.classes.of_batch(rows),
        )

    def draw(self, batch: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """One random view of each item of a batch, the same view by every encoder."""
        views = len(next(iter(self.stored.values())))
        view = torch.randint(views, (len(batch),), generator=generator)
        return {name: v[view.to(v.device), batch.to(v.device)] for name, v in self.stored.items()}


def stored(
    name: str, arrays: Mapping[str, Array], wanted: Iterable[str] = ()
) -> Mapping[str, Array]:
    """Require arrays by name, those that are wanted among them.

    Raises:
        InputError: these are none, or one is missing.
    """
    if not isinstance(arrays, Mapping) or not arrays:
        raise InputError(f"{name}: expected arrays by encoder, got {validate.shown(arrays)}")
    for encoder in wanted:
        if encoder not in arrays:
            raise InputError(f"{name}: expected embeddings by {encoder!r}, got none")
    return arrays


def _views(name: str, values: Array) -> Array:
    """(V, N, D) finite floating numbers."""
    array = validate.array(name, values)
    if array.dtype.kind != "f" or array.ndim != 3 or 0 in array.shape:
        raise InputError(
            f"{name}: expected floating numbers (views, items, dimensions), "
            f"got {array.dtype} of shape {array.shape}"
        )
    if not np.isfinite(array).all():
        raise InputError(f"{name}: expected finite numbers, got others")
    return array


def halfway(drawn: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Examples halfway between the first and the second half of a batch, by every encoder.

    Args:
        drawn: (B, D) embeddings by encoder.

    Returns:
        (B // 2, D) of unit length.
    """
    half = len(next(iter(drawn.values()))) // 2
    return {name: F.normalize(v[:half] + v[half : 2 * half]) for name, v in drawn.items()}
