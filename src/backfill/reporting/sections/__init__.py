"""The sections of a report, one module each; a new one registers itself and is found.

A module here decorates one function, Study -> Section, which may return None if the study has
nothing to show under it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from backfill.errors import InputError
from backfill.registry import Registry
from backfill.reporting.section import Section
from backfill.reporting.study import Study

Make = Callable[[Study], Section | None]


class Registered(NamedTuple):
    """A kind of section.

    Attributes:
        order: where it stands on the page; sections with a lower order come first.
        make: makes it.
        on_request: whether only a study whose `figure` is its name shows it.
    """

    order: int
    make: Make
    on_request: bool


REGISTERED: Registry[Registered] = Registry(__name__)


def section(order: int, *, on_request: bool = False) -> Callable[[Make], Make]:
    """Return a decorator that registers a function under its own name, which is the section's id.

    Args:
        order: where the section stands on the page.
        on_request: whether only a study whose `figure` is this name shows it.
    """

    def register(make: Make) -> Make:
        REGISTERED.register(make.__name__)(Registered(order, make, on_request))
        return make

    return register


def sections(study: Study) -> list[Section]:
    """The sections of a study, from the top of the page to its end.

    Raises:
        InputError: the study asks for a section that does not exist, or that its results cannot
            fill.
    """
    optional = [name for name, entry in REGISTERED.items() if entry.on_request]
    if study.figure is not None and study.figure not in optional:
        raise InputError(
            f"study {study.name}, figure: expected one of {', '.join(optional)}, got {study.figure}"
        )
    chosen = [
        (entry.order, name, entry.make)
        for name, entry in REGISTERED.items()
        if not entry.on_request or name == study.figure
    ]
    made = [make(study) for _, _, make in sorted(chosen)]
    return [found for found in made if found is not None]
