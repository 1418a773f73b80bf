"""What became of an input: a valid result, one clear error, or a finding."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import NamedTuple

from backfill.errors import InputError

SECONDS = 2.0
MIB = 500
MESSAGE = 20_000  # characters

VALID, REFUSED, FINDING = "valid", "refused", "finding"


class Outcome(NamedTuple):
    """What became of an input.

    Attributes:
        reader: its name.
        number: of the input.
        kind: `valid`, `refused` (by a clear error) or `finding`.
        what: the message; of a finding what is wrong, alike for findings of one cause.
        seconds: of processor time that reading took.
        mib: by how much the process grew at most.
        title: what was changed.
        detail: of a finding.
    """

    reader: str
    number: int
    kind: str
    what: str = ""
    seconds: float = 0.0
    mib: float = 0.0
    title: str = ""
    detail: str = ""


def judged(error: BaseException | None, names: set[str] | None) -> tuple[str, str, str]:
    """Judge how a call ended.

    Args:
        error: that it raised, or None.
        names: of which the message must contain one; None: it must begin with any name.

    Returns:
        Kind, what and detail of the outcome.
    """
    if error is None:
        return VALID, "", ""
    detail = "".join(traceback.format_exception(error, limit=-12))[-6000:]
    if not isinstance(error, InputError):
        return FINDING, f"{type(error).__name__} {_place(error)}", detail
    text = str(error)
    if len(text) > MESSAGE:
        return FINDING, f"a message of over {MESSAGE:,} characters {_place(error)}", detail
    if names is not None and not any(name in text for name in names):
        return FINDING, f"a message that names no file {_place(error)}", detail
    if names is None and not re.match(r"[^:\n]{1,300}: ", text):
        return FINDING, f"a message that names no argument {_place(error)}", detail
    if any(isinstance(cause, MemoryError) and not _limited(cause) for cause in _chain(error)):
        return FINDING, f"memory that is not there was asked for {_place(error)}", detail
    return REFUSED, text[:300], ""


def bounded(
    kind: str, what: str, seconds: float, mib: float, most: float = SECONDS
) -> tuple[str, str]:
    """Make a finding of an outcome that took too long or too much memory."""
    if kind == FINDING:
        return kind, what
    if mib > MIB:
        return FINDING, f"more than {MIB} MiB"
    if seconds > most:
        return FINDING, f"more than {most:g} s"
    return kind, what


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def _limited(error: BaseException) -> bool:
    """Whether it is Arrow's, which reads under a limit that our reader has set."""
    return type(error).__name__ == "ArrowMemoryError"


def _place(error: BaseException) -> str:
    """The innermost line of this package that an error passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/backfill/" in f.filename] or list(frames)
    if not ours:
        return "(nowhere)"
    path = Path(ours[-1].filename)
    inside = path.parts[path.parts.index("backfill") + 1 :] if "backfill" in path.parts else ()
    return f"({'/'.join(inside) or path.name}:{ours[-1].name})"
