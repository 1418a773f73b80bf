"""The process that reads hostile inputs, one after the other, and may die of one.

python -m fuzz.worker FOLDER MODULE SECONDS: the module registers readers, of which each has so much
processor time for an input. The first line that is written names them; then it reads lines
`["reader", number]`, and answers each with two lines of JSON: what the input is once it is written,
and what became of it.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import shutil
import sys
import time
import warnings
from pathlib import Path
from typing import IO, Any

from fuzz.outcomes import FINDING, bounded, judged
from fuzz.registry import READERS, Call, Reader

ADDRESS_SPACE = 4 << 30  # beyond what the imports take
FILES = 2 << 30
_tidied = 0
VICTIMS = ("victim", "work/victim", "work/here/victim", "input/victim")


def serve(home: Path, module: str, most: float, asked: IO[str], told: IO[str]) -> None:
    """Read inputs until there is no further one."""
    importlib.import_module(module)
    prepare(home)
    listed = {name: [found.share, *found.cases] for name, found in READERS.items()}
    told.write(json.dumps(listed) + "\n")
    told.flush()
    warmed: set[str] = set()
    for line in asked:
        name, number = json.loads(line)
        found = READERS[name]
        if name not in warmed:
            once(
                found, name, 0, home, most, lambda title: None
            )  # imports and caches are not counted
            gc.freeze()
        warmed.add(name)

        def say(title: str) -> None:
            told.write(json.dumps({"title": title}) + "\n")
            told.flush()

        told.write(json.dumps(once(found, name, number, home, most, say)) + "\n")
        told.flush()


def prepare(home: Path) -> None:
    """Make the place where inputs lie, beside files that nothing may touch."""
    for victim in VICTIMS:
        _put(home / victim)
    os.chdir(home / "work" / "here")
    warnings.simplefilter("ignore")
    limit(resource.RLIMIT_AS, _kib("VmSize") * 1024 + ADDRESS_SPACE)
    limit(resource.RLIMIT_FSIZE, FILES)
    limit(resource.RLIMIT_CORE, 0)


def limit(what: int, value: int) -> None:
    """Lower the soft limit of this process."""
    resource.setrlimit(what, (value, resource.getrlimit(what)[1]))


def once(
    found: Reader | Call, name: str, number: int, home: Path, most: float, say: Any
) -> dict[str, str | float]:
    """Write an input, read it, and judge."""
    folder = home / "input" / f"{name.replace(' ', '_').replace('/', '_')}-{number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    title = found.write(folder, name, number)
    say(title)
    # A dataset may call itself by its name.
    names = {str(folder), name, *found.file_names} if isinstance(found, Reader) else None
    _tidy()
    Path("/proc/self/clear_refs").write_text("5")
    grown = _kib("VmRSS")
    error, seconds = _timed(found, folder)
    if seconds > most and isinstance(found, Call):  # other types were compiled for, once
        error, seconds = _timed(found, folder)
    mib = max(0.0, (_kib("VmHWM") - grown) / 1024)
    kind, what, detail = judged(error, names)
    kind, what = bounded(kind, what, seconds, mib, most)
    if damage := _damage(home):
        kind, what = FINDING, damage
    if kind != FINDING:
        shutil.rmtree(os.fsencode(folder))
    return {
        "kind": kind,
        "what": what,
        "seconds": round(seconds, 3),
        "mib": round(mib, 1),
        "detail": detail,
        "rss": _kib("VmRSS") / 1024,
    }


def _timed(found: Reader | Call, folder: Path) -> tuple[BaseException | None, float]:
    """Read once: the error, and the processor time."""
    begun = time.process_time()
    error: BaseException | None = None
    try:
        found.read(folder)
    except (Exception, SystemExit) as raised:
        error = raised
    return error, time.process_time() - begun


def _tidy() -> None:
    """Give memory back now and then, so that what an input takes is seen."""
    global _tidied
    if _kib("VmRSS") - _tidied > 64 << 10:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        _tidied = _kib("VmRSS")


def _damage(home: Path) -> str:
    """What was done outside of the input's folder."""
    for victim in VICTIMS:
        if not (home / victim / "costs" / "check.json").exists():
            _put(home / victim)
            return f"{victim} removed"
    for place in (home, home / "work", home / "work" / "here", home / "input"):
        if (place / "PWNED").exists():
            (place / "PWNED").unlink()
            return "a command was run"
    return ""


def _put(victim: Path) -> None:
    (victim / "costs").mkdir(parents=True, exist_ok=True)
    (victim / "costs" / "check.json").write_text("{}")


def _kib(field: str) -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        return int(file.read().partition(f"{field}:")[2].split()[0])


def main() -> None:
    """Serve on standard input and output, of which readers see nothing."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asked = os.fdopen(os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    serve(Path(sys.argv[1]).resolve(), sys.argv[2], float(sys.argv[3]), asked, told)


if __name__ == "__main__":
    main()
