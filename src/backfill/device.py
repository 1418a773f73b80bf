"""Devices that compute with tensors."""

from __future__ import annotations

import torch

from backfill.errors import InputError


def choose(name: str) -> torch.device:
    """Find a device by name.

    Args:
        name: `cpu`, `cuda` and so on; `auto` is a GPU if there is one, and otherwise the CPU.

    Raises:
        InputError: there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"device: expected one that works here, got {name!r} ({reason})"
        ) from error
    return device


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the hardware supports bfloat16, so that autocast is worth it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        have = torch.cpu.get_capabilities()
        return bool(have.get("avx512_bf16") or have.get("amx_bf16") or have.get("bf16"))
    return False


def make_deterministic(seed: int) -> None:
    """Seed torch, and make it use algorithms that give the same bytes on the same machine."""
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
