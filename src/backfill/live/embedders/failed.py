"""An embedding that went wrong, and how to tell of it without giving a credential away."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

_CREDENTIAL = re.compile("KEY|TOKEN|SECRET|PASSWORD", re.IGNORECASE)
_SHORTEST = 6  # characters: shorter values of such variables are switches, not credentials


class Failed(Exception):
    """A model gave no vectors, or wrong ones.

    Args:
        got: what came instead.
        again: whether to try once more may help.
        after: seconds that the service asks to wait before that.
        splits: whether fewer texts at a time may help.
        text: that it was about, if it was about one.
        alike: whether every other text would fail, too.
    """

    def __init__(
        self,
        got: str,
        *,
        again: bool = True,
        after: float | None = None,
        splits: bool = False,
        text: str | None = None,
        alike: bool = False,
    ) -> None:
        super().__init__(got)
        self.got = got
        self.again = again
        self.after = after
        self.splits = splits
        self.text = text
        self.alike = alike


def quoted(text: object, secrets: Iterable[str] = (), longest: int = 200) -> str:
    """Somebody else's words in one printable line, without credentials.

    Args:
        text: of an error, for instance.
        secrets: what must not be in it; values of environment variables that are named as
            credentials are (KEY, TOKEN, SECRET, PASSWORD) must not be either.
        longest: characters; the rest is cut.
    """
    kept = {value for name, value in os.environ.items() if _CREDENTIAL.search(name)}
    kept = {value for value in kept if len(value) >= _SHORTEST} | {each for each in secrets if each}
    line = str(text)
    for secret in sorted(kept, key=len, reverse=True):
        line = line.replace(secret, "***")
    line = " ".join("".join(c if c.isprintable() else " " for c in line).split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."
