"""Kills `dvc repro` at random moments; what it makes at last is what it makes undisturbed.

    python benchmarks/kill.py WORK [--kills 200] [--seed 0] [--report benchmarks/kill.md]

WORK gets two clones of this repository's last commit, with the default pipeline: every stage and
row of it, each smaller (SMALLER). One runs undisturbed. In the other, `dvc repro` is killed with
all its processes, by SIGKILL, after a random time, and started again, until it comes to its end;
nothing is tidied up by hand. Then all that it wrote is compared with the undisturbed run, byte
by byte, and it begins anew from nothing, until so many kills are done and the run after them is
complete. If DVC refuses to start because its own notes were cut short, `backfill pipeline` is run,
as `make repro` does, and counted. A repeated command goes on where it was.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from backfill import machine
from backfill.artifacts import replacing

ROOT = Path(__file__).parents[1]
SMALLER = (
    "threads=1",
    "+dataset.classes=20",
    "+dataset.train_size=600",
    "+dataset.gallery_size=200",
    "train.epochs=3",
    "transform.steps=20",
    "report.bootstrap_resamples=100",
)
# What stages took: no two runs agree, and DVC does not know these files.
VARIES = "data/main/costs/"
# Of a run that was killed, only DVC's own notes and cache may be left elsewhere.
WRITTEN = ("data", "reports", ".checkpoints", "dvc.lock", "dvc.yaml", "params.yaml")
MEAN = 12.0  # seconds to a kill
LONGEST = 1800.0  # seconds that a run may take
# What DVC says, and what stands for it among the stages.
REFUSES = "Unable to read RWLock-file"
REFUSED = "DVC refused to start"

_TITLE = """# Killed runs

Made by `make kill`: {kills} kills of `dvc repro` by SIGKILL at random moments, {mean:g} s on
average after its start, at commit {commit}. The default pipeline, all of its stages and rows, with
`{smaller}`: an undisturbed run takes {seconds:.0f} s on this machine.

{rounds} complete runs came of it, with nothing tidied up by hand. {equal} of them left the
{files} files of the undisturbed run with the same bytes; `{varies}`, what stages took, varies
by nature and is left out.
After each, `dvc status` and `git status` were asked, and what a killed stage may have left was
looked for: {left}.

{refused} times DVC refused to start, as a kill had cut short its own notes of the paths in use,
`.dvc/tmp/rwlock`. `backfill pipeline`, with which `make repro` begins, removed them each time.

{machine}.

| killed in | kills |
| --- | --- |
"""


def environment(folder: Path) -> dict[str, str]:
    """Processes import the clone, run by this Python, one thread each."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    mine = {"PYTHONPATH": str(folder / "src"), "PATH": path, "DVC_NO_ANALYTICS": "1"}
    return os.environ | threads | mine


def called(folder: Path, *command: str) -> str:
    """What a command prints; it has to succeed."""
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def cloned(folder: Path, commit: str) -> None:
    """Clone the repository, and make its pipeline smaller; nothing has been run."""
    making = folder.with_name(f"{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    called(ROOT, "git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(making))
    called(making, "git", "checkout", "--quiet", "--detach", commit)
    called(making, sys.executable, "-m", "backfill.cli", "params", *SMALLER)
    (making / "dvc.lock").unlink()
    for path in (making / "reports" / "main").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    os.rename(making, folder)


def started(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """`dvc repro` in a session of its own."""
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "dvc", "repro"],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def survivors(folder: Path) -> list[psutil.Process]:
    """Processes that still work in a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd() == str(folder):
                found.append(process)
    return found


def files(folder: Path) -> dict[str, str]:
    """Hash of each file that the pipeline wrote, by its path."""
    found: dict[str, str] = {}
    for name in WRITTEN:
        top = folder / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            inside = path.relative_to(folder).as_posix()
            if path.is_file() and not inside.startswith(VARIES):
                with path.open("rb") as file:
                    found[inside] = hashlib.file_digest(file, "blake2b").hexdigest()
    return found


def differences(folder: Path, expected: dict[str, Any]) -> list[str]:
    """What a complete run has left that an undisturbed one has not, or the reverse."""
    found, wanted = files(folder), expected["files"]
    wrong = [f"{name}: missing" for name in wanted if name not in found]
    wrong += [f"{name}: not in an undisturbed run" for name in found if name not in wanted]
    wrong += [f"{n}: other bytes" for n in found if n in wanted and found[n] != wanted[n]]
    for command in (("git", "status", "--porcelain"), (sys.executable, "-m", "dvc", "status")):
        if called(folder, *command) != expected["status"][command[-2]]:
            wrong.append(f"{' '.join(command[-2:])}: other words")
    return wrong


def undisturbed(work: Path, commit: str) -> dict[str, Any]:
    """Run once without a kill; remembered."""
    record = work / "undisturbed.json"
    if record.exists():
        stored: dict[str, Any] = json.loads(record.read_text())
        return stored
    folder = work / "undisturbed"
    shutil.rmtree(folder, ignore_errors=True)
    cloned(folder, commit)
    begun = time.monotonic()
    process = started(folder, work / "undisturbed.log")
    if process.wait(LONGEST):
        sys.exit(f"{work / 'undisturbed.log'}: the undisturbed run failed")
    result = {
        "commit": commit,
        "seconds": time.monotonic() - begun,
        "files": files(folder),
        "status": {
            "status": called(folder, "git", "status", "--porcelain"),
            "dvc": called(folder, sys.executable, "-m", "dvc", "status"),
        },
    }
    with replacing(record) as temporary:
        temporary.write_text(json.dumps(result, indent=1))
    return result


def stage_of(log: Path) -> str:
    """The stage that was running when a run was killed."""
    words = "between stages"
    for line in log.read_text("utf-8", "replace").splitlines():
        if "Running stage '" in line:
            words = line.split("'")[1].partition("@")[0].partition(":")[0]
        elif line.startswith(("Updating lock file", "Generating lock file")):
            words = "between stages"
    if "stage" not in log.read_text("utf-8", "replace"):
        return "the start of DVC"
    return words


def disturbed(folder: Path, log: Path, seconds: float) -> str | None:
    """Run `dvc repro`, and kill it after a while.

    Returns:
        In which stage it was killed, or that DVC would not start; None if it came to its end first.
    """
    process = started(folder, log)
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return stage_of(log)
    if status and REFUSES in log.read_text("utf-8", "replace"):
        return REFUSED
    if status:
        sys.exit(f"{log}: `dvc repro` failed after kills; {folder} is as it was left")
    return None


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file of JSON lines, of which the last may be half."""
    if path.exists():
        for line in path.read_text().splitlines():
            with contextlib.suppress(ValueError):
                yield json.loads(line)


def append(path: Path, **record: Any) -> None:
    """Add a record."""
    with path.open("a") as file:
        file.write(json.dumps(record) + "\n")


def run(work: Path, kills: int, seed: int, commit: str) -> None:
    """Kill until there are so many kills, and the run after them is complete."""
    work.mkdir(parents=True, exist_ok=True)
    expected = undisturbed(work, commit)
    killed, rounds = work / "kills.jsonl", work / "rounds.jsonl"
    while True:
        done = sum(1 for _ in lines(killed))
        number = sum(1 for _ in lines(rounds))
        folder = work / f"round-{number}"
        if done >= kills and not folder.exists():
            return
        if not folder.exists():
            cloned(folder, expected["commit"])
        drawn = random.Random(f"{seed} {done}").expovariate(1 / MEAN)
        seconds = 0.1 + drawn if done < kills else LONGEST
        stage = disturbed(folder, work / "run.log", seconds)
        if stage == REFUSED:
            append(work / "refused.jsonl", round=number)
            called(folder, sys.executable, "-m", "backfill.cli", "pipeline")
            continue
        if stage is not None:
            time.sleep(0.2)
            left = [" ".join(process.cmdline()) for process in survivors(folder)]
            append(killed, round=number, seconds=round(seconds, 2), stage=stage, survivors=left)
            print(f"kill {done + 1}: after {seconds:.1f} s, {stage} {left or ''}", flush=True)
            continue
        wrong = differences(folder, expected)
        append(rounds, round=number, differences=wrong)
        print(f"round {number}: complete; {wrong or 'equal'}", flush=True)
        kept = work / f"wrong-{number}"
        folder.rename(kept) if wrong else shutil.rmtree(folder)


def report(work: Path, path: Path) -> None:
    """Write what came of all kills."""
    expected = json.loads((work / "undisturbed.json").read_text())
    killed, rounds = list(lines(work / "kills.jsonl")), list(lines(work / "rounds.jsonl"))
    wrong = [f"round {one['round']}: {each}" for one in rounds for each in one["differences"]]
    wrong += [f"survived: {each}" for one in killed for each in one["survivors"]]
    text = _TITLE.format(
        kills=len(killed),
        mean=MEAN,
        commit=expected["commit"][:7],
        smaller=" ".join(SMALLER),
        seconds=expected["seconds"],
        rounds=len(rounds),
        equal=sum(not one["differences"] for one in rounds),
        files=len(expected["files"]),
        varies=VARIES,
        left="nothing was left" if not wrong else "what is listed below was left",
        refused=sum(1 for _ in lines(work / "refused.jsonl")),
        machine=machine.described(),
    )
    stages = Counter(one["stage"] for one in killed)
    text += "".join(f"| {stage} | {count} |\n" for stage, count in stages.most_common())
    if wrong:
        text += "\n" + "".join(f"- {each}\n" for each in wrong)
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    commit = called(ROOT, "git", "rev-parse", "HEAD").strip()
    run(given.work.resolve(), given.kills, given.seed, commit)
    if given.report:
        report(given.work.resolve(), given.report)


if __name__ == "__main__":
    main()
