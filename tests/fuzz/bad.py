"""Readers with faults, each of which the harness must find."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from backfill.errors import InputError
from fuzz.registry import case, content, reader


def made(folder: Path) -> None:
    """A file."""
    (folder / "a_file.txt").write_bytes(b"content")


def on_others(name: str) -> Callable[[Callable[[Path], object]], None]:
    """Return a decorator that registers a reader which has its fault if the input is not valid."""

    def add(fault: Callable[[Path], object]) -> None:
        @reader(name, made)
        def read(folder: Path) -> object:
            valid = (folder / "a_file.txt").read_bytes() == b"content"
            return None if valid else fault(folder)

        case(name, "other content")(content("a_file.txt", b"other"))

    return add


@on_others("raises")
def raises(folder: Path) -> object:
    """A traceback for the user."""
    raise KeyError("x")


@on_others("exits")
def exits(folder: Path) -> object:
    """It ends the program."""
    raise SystemExit(2)


@on_others("dies")
def dies(folder: Path) -> object:
    """The process is gone."""
    os.abort()


@on_others("hangs")
def hangs(folder: Path) -> object:
    """It computes for ever."""
    while True:
        pass


@on_others("is slow")
def slow(folder: Path) -> object:
    """It computes for more than the bound."""
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    return None


@on_others("is large")
def large(folder: Path) -> object:
    """It takes more memory than the bound."""
    return len(b"x" * (600 << 20))


@on_others("believes")
def believes(folder: Path) -> object:
    """It asks for what no machine has, and turns that into an error."""
    try:
        return bytearray(1 << 40)
    except MemoryError as error:
        raise InputError(f"{folder / 'a_file.txt'}: expected less") from error


@on_others("names nothing")
def names_nothing(folder: Path) -> object:
    """It does not say which file."""
    raise InputError("expected something else")


@on_others("talks")
def talks(folder: Path) -> object:
    """It says too much."""
    raise InputError(f"{folder / 'a_file.txt'}: expected less, got {'x' * 30_000}")


@on_others("removes")
def removes(folder: Path) -> object:
    """It touches what lies beside."""
    shutil.rmtree("../victim")
    return None


@on_others("obeys")
def obeys(folder: Path) -> object:
    """It runs a command of the input's."""
    Path("PWNED").touch()
    return None


@reader("is right", made)
def right(folder: Path) -> object:
    """It says what is wrong with which file."""
    try:
        text = (folder / "a_file.txt").read_bytes()
    except OSError as error:
        raise InputError(f"{folder / 'a_file.txt'}: {error.strerror}") from None
    if text != b"content":
        raise InputError(f"{folder / 'a_file.txt'}: expected content, got {text!r:.20}")
    return text
