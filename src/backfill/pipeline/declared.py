"""What a stage reads and writes, as dvc.yaml declares it, and whether it stayed as it was.

DVC notes down what a stage has read when the stage has ended. Had it changed meanwhile, what DVC
notes would not be what the output was made from.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from backfill.artifacts import Layout
from backfill.errors import InputError
from backfill.reading.yaml import read

_HASHED = 1 << 20  # bytes; of larger files, size and time stand for the content


@dataclass(frozen=True)
class Watch:
    """What a stage reads, as it was at the beginning.

    Attributes:
        found: path -> what stands for the content of its files; empty if it is not there.
        writes: the stage's outputs.
    """

    found: dict[Path, dict[str, str]]
    writes: list[Path]

    @classmethod
    def begun(cls, layout: Layout, stage: str, *row: str, also: Iterable[Path] = ()) -> Watch:
        """Look at all that a stage reads.

        Args:
            layout: of the workspace and the draw.
            stage: its name.
            row: that it makes, if it has rows.
            also: files that it reads whatever dvc.yaml says.
        """
        rules, names = _rules(layout, stage, *row)
        reads = [*_paths(rules, ("deps", "params"), names), *also]
        writes = list(_paths(rules, ("outs", "metrics"), names))
        return cls({path: _content(path) for path in dict.fromkeys(reads)}, writes)

    def require_same(self) -> None:
        """Require that all is as it was; otherwise remove the outputs.

        Raises:
            InputError: names the first file that has changed.
        """
        for path, before in self.found.items():
            after = _content(path)
            if after == before:
                continue
            for output in self.writes:
                _remove(output)
            names = [name for name in before | after if before.get(name) != after.get(name)]
            raise InputError(
                f"{path / names[0] if names[0] else path}: expected the same while the stage ran, "
                "got a change; its output is removed: run it again"
            )


def _rules(layout: Layout, stage: str, *row: str) -> tuple[Any, dict[str, Any]]:
    """A stage's entry of dvc.yaml, and what `${...}` stands for in it; nothing if there is none."""
    if not layout.pipeline.exists():
        return {}, {}
    name = "-".join((stage, *row)) if stage == "report" else stage
    entry = _get(_get(read(layout.pipeline), "stages"), name)
    rows = _get(entry, "foreach")
    names: dict[str, Any] = {}
    with suppress(InputError):  # another stage's matter
        names = read(layout.params)
    if rows is None:
        return entry, names
    key = f"{row[0]}-{layout.draw}" if layout.draw else row[0]
    item = rows.get(key) if isinstance(rows, dict) else key
    return _get(entry, "do"), {"dataset": _get(names, "dataset"), "key": key, "item": item}


def _paths(rules: Any, sections: Iterable[str], names: Mapping[str, Any]) -> Iterator[Path]:
    """The paths of some sections of an entry: each is text, or a mapping with one key."""
    for section in sections:
        for given in _get(rules, section) or ():
            text = next(iter(given)) if isinstance(given, dict) else str(given)
            yield Path(
                re.sub(
                    r"\$\{([^}]*)\}",
                    lambda found: str(reduce(_get, found[1].split("."), names)),
                    text,
                )
            )


def _get(section: Any, key: str) -> Any:
    return section.get(key) if isinstance(section, Mapping) else None


def _content(path: Path) -> dict[str, str]:
    """Relative path of each file -> what stands for its content. What is hidden is left out."""
    if not path.is_dir():
        return {"": _of_file(path)} if path.exists() else {}
    found = {}
    for folder, folders, files in os.walk(path, followlinks=True):
        folders[:] = [name for name in folders if name[0] not in "._"]
        for name in files:
            if not name.startswith("."):
                file = Path(folder, name)
                found[str(file.relative_to(path))] = _of_file(file)
    return found


def _of_file(path: Path) -> str:
    try:
        about = path.stat()
        if about.st_size > _HASHED:
            return f"{about.st_size} {about.st_mtime_ns}"
        return hashlib.blake2b(path.read_bytes()).hexdigest()
    except OSError as error:  # the stage says so itself, if it matters
        return str(error.strerror)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
