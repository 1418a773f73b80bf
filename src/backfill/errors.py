"""The one exception that a user's mistake raises."""


class InputError(ValueError):
    """Input that cannot be used: names the file or key, what was found, what was expected.

    Stages print its message as one line and exit with status 1; no traceback is shown.
    """
