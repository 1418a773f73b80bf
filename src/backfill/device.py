"""Where tensors live, and which arithmetic is fast there."""

from __future__ import annotations

import torch

from backfill.errors import InputError


def choose(name: str) -> torch.device:
    """The device that `name` stands for; `auto` takes a GPU where there is one.

    Raises:
        InputError: no such device, or it is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"device: {name!r} cannot be used here ({reason})") from error
    return device


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 autocast is worth it: it has hardware, not just software, behind it."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        have = torch.cpu.get_capabilities()
        return bool(have.get("avx512_bf16") or have.get("amx_bf16") or have.get("bf16"))
    return False


def make_deterministic(seed: int) -> None:
    """Seed torch, and choose algorithms that give the same bytes on the same machine."""
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True, warn_only=True)
