"""The machine that numbers are measured on, what a process took of it, and may take."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import time
from pathlib import Path

import psutil
from threadpoolctl import threadpool_limits


def described() -> str:
    """Processor, number of CPUs, and the GPU if this process uses one."""
    parts = [_processor(), f"{os.cpu_count()} CPUs"]
    torch = sys.modules.get("torch")  # not imported for this alone
    if torch is not None and torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    return ", ".join(parts)


def _processor() -> str:
    """Name of the processor, if Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"


def seconds_since_start() -> float:
    """Wall time of this process so far, from its start."""
    begun = psutil.Process().create_time()
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return time.time() - begun
    # Linux counts from its boot, and knows when that was only to the second.
    return time.clock_gettime(time.CLOCK_BOOTTIME) - (begun - psutil.boot_time())


def peak_gib() -> float:
    """The most memory that this process has had at once, as the operating system counts it."""
    try:
        # getrusage would include the program that became this one by exec.
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 2**20
    except (OSError, IndexError, ValueError):
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def use_threads(count: int | None) -> None:
    """Let torch, BLAS, OpenMP and Numba compute with so many threads in this process.

    Numbers depend on it: a sum over two threads is taken in another order than over one. Libraries
    that are imported later are not covered.

    Args:
        count: of threads; None changes nothing.
    """
    if count is None:
        return
    threadpool_limits(count)
    torch, numba = sys.modules.get("torch"), sys.modules.get("numba")
    if torch is not None:
        torch.set_num_threads(count)
    if numba is not None:
        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))


def keep_memory() -> None:
    """Let this process keep the memory that it frees, for its next batch.

    glibc returns large blocks to Linux at once, which then clears each page anew: a tenth of the
    time of a training whose activations fill hundreds of megabytes. Elsewhere nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        trim_threshold, mmap_max = -1, -4  # of malloc.h
        adjust(mmap_max, 0)
        adjust(trim_threshold, (1 << 31) - 1)
