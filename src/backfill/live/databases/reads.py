"""What a database reads in one look at a gallery."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence, Sized
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from backfill.arrays import Float32s
from backfill.live.terms import Counts, Facts, Filter, Id, Query, Rows, Sides


class Seen(Protocol):
    """A gallery as it is at a moment, with what a migration set up in it."""

    @property
    def prepared(self) -> Hashable | None:
        """What was set up; None before."""


View = TypeVar("View", bound=Seen)
Found = TypeVar("Found", bound=Sized)  # items as a database gives them


@dataclass(frozen=True)
class Reads(Generic[View, Found]):
    """What is read in one look; each is what :class:`backfill.live.base.Database` says of it.

    Attributes:
        claimed: those of given items that wait, in this order.
    """

    facts: Callable[[View, int | None], Facts]
    search: Callable[[View, Sequence[Query], int, Filter | None, bool], list[Sides]]
    counts: Callable[[View], Counts]
    sample: Callable[[View, int, int], Rows]
    rows: Callable[[View], Iterable[Rows]]
    new_vectors: Callable[[View, Sequence[Id]], dict[Id, Float32s]]
    claimed: Callable[[View, Sequence[Id]], Found]
