"""The server of tests and of the demo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import signal, time
for number in (signal.SIGTERM, signal.SIGHUP):  # shells may let them be ignored
    signal.signal(number, signal.SIG_DFL)
from backfill.live.databases.postgres.server import Server
with Server() as server:
    print(server._process.pid, server._folder, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_it_ends_with_the_process_that_opened_it(number: signal.Signals) -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as opener:
        assert opener.stdout is not None
        pid, folder = opener.stdout.readline().decode().split()
        opener.send_signal(number)
        assert opener.wait(30) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
    assert not Path(folder).exists()
