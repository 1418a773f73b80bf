"""What all stages share: their command line, and how a user's mistake is reported."""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Callable, Sequence

from backfill.artifacts import Layout
from backfill.errors import InputError
from backfill.params import Params, load

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def run(stage: Callable[..., None], *arguments: str, argv: Sequence[str] | None = None) -> None:
    """Validate params.yaml and call `stage(params, layout, *arguments)`, then exit.

    Args:
        stage: does the work.
        arguments: names of the command line's arguments, such as the row of params.yaml.
        argv: the command line, sys.argv by default.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m {stage.__module__}", description=(stage.__doc__ or "").split("\n")[0]
    )
    for argument in arguments:
        parser.add_argument(argument)
    values = vars(parser.parse_args(argv))
    try:
        params: Params = load()
        stage(params, Layout(params.dataset.name), *values.values())
    except InputError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.errno not in FULL:
            raise
        sys.exit(f"error: {error.filename or 'disk'}: cannot be written ({error.strerror})")
