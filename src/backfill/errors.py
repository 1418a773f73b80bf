"""The one exception that a user's mistake raises, and how a program ends on it."""

import errno
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_OF_PATHS = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
)
INTERRUPTED = 130  # the exit status that shells give to Ctrl-C


class InputError(ValueError):
    """Input that cannot be used: names the file or key, what was found, what was expected.

    Programs print its message as one line and exit with status 1; no traceback is shown.
    """


@contextmanager
def read_from(files: Mapping[str, object]) -> Iterator[None]:
    """Name the file in an error about an argument that was read from it.

    Whoever is called checks its arguments, once, and knows them by their names alone.

    Args:
        files: the file of each argument, by the name that errors begin with.

    Raises:
        InputError: the block raised one.
    """
    try:
        yield
    except InputError as error:
        file = next((file for name, file in files.items() if str(error).startswith(name)), None)
        if file is None:
            raise
        raise InputError(f"{file}: {error}") from error


@contextmanager
def mistakes_in_one_line() -> Iterator[None]:
    """End the program with one message, without a traceback, on errors that the user can fix.

    Ctrl-C ends it likewise, with status 130.
    """
    try:
        yield
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno in FULL:
            sys.exit(f"error: {error.filename or 'disk'}: cannot be written ({error.strerror})")
        if error.errno in _OF_PATHS and error.filename is not None:
            sys.exit(f"error: {error.filename}: cannot be used ({error.strerror})")
        raise
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def interrupts_in_one_line() -> None:
    """Say in one line, too, that Ctrl-C came before or after :func:`mistakes_in_one_line`.

    While the modules of a program are imported, which may take seconds, for example. Python then
    ends with the signal itself, for which shells have the same status.
    """
    others = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            print("interrupted", file=sys.stderr)
        else:
            others(kind, error, trace)

    sys.excepthook = hook


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Say what to install if the block finds that a package is missing.

    Args:
        extra: of pyproject.toml, which brings what the block needs.

    Raises:
        InputError: a package that is not this one is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "backfill").partition(".")[0]
        if package == "backfill":
            raise
        raise InputError(
            f"{package}: expected this package, got none; pip install 'backfill[{extra}]'"
        ) from error
