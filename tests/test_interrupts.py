"""Ctrl-C ends every program with one line and the status 130, whenever it comes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from backfill import cli
from backfill.errors import interrupts_in_one_line, mistakes_in_one_line

SIDE_BY_SIDE = """
import signal
import time
from backfill.compute.side_by_side import side_by_side
from backfill.errors import mistakes_in_one_line
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells ignore it in the background
with mistakes_in_one_line():
    side_by_side(time.sleep, [60, 60], 2)
"""


def test_a_program_ends_with_one_line_and_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, mistakes_in_one_line():
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("command", ["check", "show"])
def test_so_does_a_command(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("backfill.vectors.checking.check", interrupted)
    monkeypatch.setattr("backfill.workflow.show", interrupted)
    monkeypatch.setattr("sys.argv", ["backfill", command, "somewhere"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize(
    ("module", "while_importing"),
    [
        ("backfill.stages.order", "numpy"),
        ("backfill.datasets", "pydantic"),
        ("backfill.cli", "typer"),
    ],
)
def test_it_may_come_while_modules_are_imported(
    tmp_path: Path, module: str, while_importing: str
) -> None:
    (tmp_path / f"{while_importing}.py").write_text("raise KeyboardInterrupt\n")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", module, "x"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "interrupted\n")


def test_other_errors_are_told_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr("sys.excepthook", lambda kind, error, trace: seen.append(kind))
    interrupts_in_one_line()
    sys.excepthook(ValueError, ValueError("x"), None)
    assert seen == [ValueError]


def test_processes_side_by_side_end_with_the_one_that_started_them() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SIDE_BY_SIDE],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while len(workers) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
        children = psutil.Process(process.pid).children()
        workers = [each for each in children if "spawn_main" in " ".join(each.cmdline())]
    os.killpg(process.pid, signal.SIGINT)
    _, printed = process.communicate(timeout=30)
    assert (process.returncode, printed) == (130, "interrupted\n")
    assert len(workers) == 2
    assert not any(each.is_running() for each in workers)
