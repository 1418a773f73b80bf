"""What a process takes of the machine."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from backfill import machine

def pages(count):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(count):
        np.ones(4 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

{change}
pages(1)
print(pages(5))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is asked")
def test_freed_memory_is_kept_for_the_next_batch() -> None:
    def pages(change: str) -> int:
        code = FAULTS.format(change=change)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        return int(done.stdout)

    assert pages("machine.keep_memory()") < 0.1 * pages("")
