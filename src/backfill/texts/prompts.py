"""What a model is told before each text: `query: `, for instance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from backfill.errors import InputError


class Prompts(NamedTuple):
    """A prompt per model; None leaves it to the model, which may have one of its own.

    Attributes:
        old: for the old model.
        new: for the new model.
    """

    old: str | None = None
    new: str | None = None

    @classmethod
    def parsed(cls, option: str, values: Iterable[str]) -> Prompts:
        """Read `PROMPT` for both models, `old=PROMPT` or `new=PROMPT` for one.

        Args:
            option: where the values come from, for messages.
            values: from the command line.

        Raises:
            InputError: a model has two prompts.
        """
        found: dict[str, str] = {}
        for value in values:
            side, sign, prompt = value.partition("=")
            one = bool(sign) and side in cls._fields
            for name in (side,) if one else cls._fields:
                if name in found:
                    raise InputError(f"{option}: expected one prompt for the {name} model, got two")
                found[name] = prompt if one else value
        return cls(**found)


OWN = Prompts()
