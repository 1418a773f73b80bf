"""The one exception that a user's mistake raises, and how a program ends on it."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class InputError(ValueError):
    """Input that cannot be used: names the file or key, what was found, what was expected.

    Programs print its message as one line and exit with status 1; no traceback is shown.
    """


@contextmanager
def mistakes_in_one_line() -> Iterator[None]:
    """End the program with one message, without a traceback, on errors that the user can fix."""
    try:
        yield
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno not in FULL:
            raise
        sys.exit(f"error: {error.filename or 'disk'}: cannot be written ({error.strerror})")


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
