"""A limit on the memory that reading takes, for libraries that believe what a file announces."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

_ONE_AT_A_TIME = RLock()  # the limit is the process's: two of them would restore each other's


@contextmanager
def at_most(extra: int) -> Iterator[None]:
    """Let allocations fail once the process holds so much more than before.

    Only Linux counts what the limit is about; elsewhere nothing happens.

    Args:
        extra: bytes that the block may allocate.

    Raises:
        MemoryError: it asked for more.
    """
    taken = _allocated()
    if taken is None:
        yield
        return
    with _ONE_AT_A_TIME:
        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = taken + extra
        if soft != resource.RLIM_INFINITY:
            limit = min(limit, soft)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _allocated() -> int | None:
    """Bytes that this process can write to and shares with no file; None if nothing says so."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[5])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
