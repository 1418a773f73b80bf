"""Random changes of training images, made for a whole batch at once on its device."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Shifts(NamedTuple):
    """Random shifts of a batch of B images.

    Attributes:
        offsets: (2, B, 1) pixels down and across, from 0 to twice the padding.
        mirrored: (B, 1) bool; None if no image is mirrored.
    """

    offsets: Tensor
    mirrored: Tensor | None

    @classmethod
    def draw(cls, count: int, generator: torch.Generator, padding: int, flip: bool) -> Shifts:
        """Draw the shifts of `count` images; see :func:`shift_and_flip`."""
        offsets = torch.randint(0, 2 * padding + 1, (2, count, 1), generator=generator)
        mirrored = torch.rand(count, 1, generator=generator) < 0.5 if flip else None
        return cls(offsets, mirrored)


def shift_and_flip(images: Tensor, generator: torch.Generator, padding: int, flip: bool) -> Tensor:
    """Shift each image by up to `padding` pixels, with reflected edges, and mirror half of them.

    Args:
        images: (B, C, H, W) of any type.
        generator: on the CPU, so that the same numbers are drawn for a GPU.
        padding: largest shift in pixels.
        flip: whether half of the images are mirrored left to right.

    Returns:
        (B, C, H, W) of the same type.
    """
    count, channels, height, width = images.shape
    offsets, mirrored = Shifts.draw(count, generator, padding, flip)
    rows = offsets[0] + torch.arange(height)
    columns = offsets[1] + torch.arange(width)
    if mirrored is not None:
        columns = torch.where(mirrored, columns.flip(1), columns)
    # Reflecting indices instead of padding images saves a copy of the batch.
    rows = _reflect(rows - padding, height)
    columns = _reflect(columns - padding, width)
    flat = (rows[:, :, None] * width + columns[:, None, :]).reshape(count, 1, -1)
    index = flat.to(images.device).expand(-1, channels, -1)
    return images.flatten(2).gather(2, index).view_as(images)


def _reflect(index: Tensor, size: int) -> Tensor:
    """Reflect indices outside [0, size) back inside, without repeating the edge."""
    return (size - 1 - (size - 1 - index.abs()).abs()).clamp(0, size - 1)


def distort(images: Tensor, generator: torch.Generator, flip: bool) -> Tensor:
    """Change images as strongly as self-supervised training needs (SimCLR, Chen et al., 2020).

    Each image is cropped to between 30% and 100% of its area and scaled back. The contrast and
    brightness of each channel change. With `flip`, half of the images are mirrored.

    Args:
        images: (B, C, H, W) uint8.
        generator: on the CPU, so that the same numbers are drawn for a GPU.
        flip: whether half of the images are mirrored left to right.

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
