"""Random changes of training images, drawn for a whole batch at once on its device."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Shifts(NamedTuple):
    """What is drawn for a batch of B images."""

    offsets: Tensor  # (2, B, 1), pixels down and across, from 0 to twice the padding
    mirrored: Tensor | None  # (B, 1) bool; None where nothing is mirrored

    @classmethod
    def draw(cls, count: int, generator: torch.Generator, padding: int, flip: bool) -> Shifts:
        """Draw for `count` images."""
        offsets = torch.randint(0, 2 * padding + 1, (2, count, 1), generator=generator)
        mirrored = torch.rand(count, 1, generator=generator) < 0.5 if flip else None
        return cls(offsets, mirrored)


def shift_and_flip(images: Tensor, generator: torch.Generator, padding: int, flip: bool) -> Tensor:
    """Shift each image by up to `padding` pixels (edges reflected) and mirror half of them.

    Args:
        images: (B, C, H, W) of any type.
        generator: source of randomness, on the CPU, so that a GPU draws the same numbers.
        padding: largest shift, in pixels.
        flip: whether to mirror left and right.

    Returns:
        (B, C, H, W), of the same type.
    """
    count, channels, height, width = images.shape
    offsets, mirrored = Shifts.draw(count, generator, padding, flip)
    rows = offsets[0] + torch.arange(height)
    columns = offsets[1] + torch.arange(width)
    if mirrored is not None:
        columns = torch.where(mirrored, columns.flip(1), columns)
    # Reflecting the index instead of padding the image saves a copy of the batch.
    rows = _reflect(rows - padding, height)
    columns = _reflect(columns - padding, width)
    flat = (rows[:, :, None] * width + columns[:, None, :]).reshape(count, 1, -1)
    index = flat.to(images.device).expand(-1, channels, -1)
    return images.flatten(2).gather(2, index).view_as(images)


def _reflect(index: Tensor, size: int) -> Tensor:
    """Fold indices outside [0, size) back inside, without repeating the edge."""
    return (size - 1 - (size - 1 - index.abs()).abs()).clamp(0, size - 1)


def distort(images: Tensor, generator: torch.Generator, flip: bool) -> Tensor:
    """The strong changes that self-supervised training needs, after SimCLR (Chen et al., 2020).

    Each image is cropped at random to between 30% and 100% of its area and scaled back; its
    contrast and brightness, and for colour images each channel's, are changed; half are mirrored
    where `flip` is set.

    Args:
        images: (B, C, H, W) uint8.
        generator: source of randomness, on the CPU.
        flip: whether to mirror left and right.

    Returns:
        (B, C, H, W) uint8.
    """
    count, channels = images.shape[:2]

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    size = uniform(0.3, 1.0, count).sqrt()
    stretch = uniform(-0.15, 0.15, count).exp()
    scale = torch.stack([size * stretch, size / stretch], 1).clamp(max=1)
    shift = (1 - scale) * uniform(-1, 1, count, 2)
    mirror = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0] = scale[:, 0] * (mirror if flip else 1.0)
    theta[:, 1, 1] = scale[:, 1]
    theta[:, :, 2] = shift
    contrast = uniform(0.6, 1.4, count, channels, 1, 1)
    brightness = uniform(-0.2, 0.2, count, channels, 1, 1)

    device = images.device
    grid = F.affine_grid(theta.to(device), list(images.shape), align_corners=False)
    pixels = images.float()
    cropped = F.grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)
    middle = cropped.mean((2, 3), keepdim=True)
    changed = (cropped - middle) * contrast.to(device) + middle + 255 * brightness.to(device)
    return changed.clamp(0, 255).round().to(images.dtype)
