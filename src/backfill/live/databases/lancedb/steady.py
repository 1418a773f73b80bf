"""Failures that pass: other writers were faster, or the storage did not answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from backfill.errors import InputError

P = ParamSpec("P")
T = TypeVar("T")
_PASSING = (RuntimeError, OSError)  # what LanceDB raises on conflicts and on input and output


class _Patient(Protocol):
    @property
    def patience(self) -> float:
        """Seconds."""


Patient = TypeVar("Patient", bound=_Patient)


def steady(method: Callable[Concatenate[Patient, P], T]) -> Callable[Concatenate[Patient, P], T]:
    """Repeat a method, which must be safe to repeat, until it works or patience ends.

    Raises:
        InputError: it ended.
    """

    @wraps(method)
    def repeated(self: Patient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        tries = Retrying(
            retry=retry_if_exception_type(_PASSING),
            stop=stop_after_delay(self.patience),
            wait=wait_random_exponential(0.05, max=5),
            reraise=True,
        )
        try:
            return tries(method, self, *args, **kwargs)
        except _PASSING as error:
            lines = str(error).splitlines() or [type(error).__name__]
            raise InputError(f"lancedb: expected an answer, got {lines[0][:300]}") from error

    return repeated
