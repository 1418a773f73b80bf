"""Failures of a database that pass: somebody else was faster, or it did not answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from backfill.errors import InputError

P = ParamSpec("P")
T = TypeVar("T")
_CHARACTERS = 300


class _Patient(Protocol):
    @property
    def patience(self) -> float:
        """Seconds."""


Patient = TypeVar("Patient", bound=_Patient)
Method = Callable[Concatenate[Patient, P], T]


def steady(
    name: str, passes: Callable[[BaseException], bool]
) -> Callable[[Method[Patient, P, T]], Method[Patient, P, T]]:
    """Return a decorator for methods that are safe to repeat: they are, until they work.

    The class has an attribute `patience`: the seconds after which an InputError says what failed.

    Args:
        name: of the database, for the error.
        passes: whether a failure may pass.
    """

    def decorate(method: Method[Patient, P, T]) -> Method[Patient, P, T]:
        @wraps(method)
        def repeated(self: Patient, /, *args: P.args, **kwargs: P.kwargs) -> T:
            tries = Retrying(
                retry=retry_if_exception(passes),
                stop=stop_after_delay(self.patience),
                wait=wait_random_exponential(0.05, max=5),
                reraise=True,
            )
            try:
                return tries(method, self, *args, **kwargs)
            except Exception as error:
                if not passes(error):
                    raise
                line = (str(error).splitlines() or [type(error).__name__])[0]
                raise InputError(
                    f"{name}: expected an answer, got: {line[:_CHARACTERS]}"
                ) from error

        return repeated

    return decorate
