"""The machine that numbers were measured on, in words, and what a process took of it."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

import psutil


def described() -> str:
    """Processor, number of CPUs, and the GPU if this process has come to use one."""
    parts = [_processor(), f"{os.cpu_count()} CPUs"]
    torch = sys.modules.get("torch")  # not imported for this alone
    if torch is not None and torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    return ", ".join(parts)


def _processor() -> str:
    """Name of the processor, where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"


def seconds_since_start() -> float:
    """Wall time of this process so far, its start included."""
    begun = psutil.Process().create_time()
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return time.time() - begun
    # Linux counts from its boot, whose own time is known to the second only.
    return time.clock_gettime(time.CLOCK_BOOTTIME) - (begun - psutil.boot_time())


def peak_gib() -> float:
    """Most memory that this process has had at once, as the operating system counts it."""
    try:
        # Of this program alone: what getrusage says includes the one that became it by exec.
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 2**20
    except (OSError, IndexError, ValueError):
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
