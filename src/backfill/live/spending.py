"""What embedding costs, and how much it may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from backfill.errors import InputError
from backfill.live.base import Database
from backfill.live.embedders.base import Embedding, Unavailable
from backfill.live.states import change
from backfill.live.terms import State

_THOUSAND, _MILLION = 1e3, 1e6

Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Price(BaseModel):
    """Of embeddings, in whatever currency; free unless one of the two is given.

    Attributes:
        per_thousand_items: for services that charge by text, and for machines that are rented.
        per_million_tokens: as the service counts them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_thousand_items: Money | None = None
    per_million_tokens: Money | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.per_thousand_items is not None and self.per_million_tokens is not None:
            raise ValueError("expected per_thousand_items or per_million_tokens, got both")
        return self

    def estimate(self, items: int, tokens: float) -> float:
        """Money for so many items that have so many tokens together."""
        by_item = (self.per_thousand_items or 0.0) * items / _THOUSAND
        return by_item + (self.per_million_tokens or 0.0) * tokens / _MILLION

    def cost(self, embedding: Embedding, items: int) -> float:
        """Money that an embedding of so many items cost.

        Raises:
            InputError: the price is per token, and the service counts none.
        """
        if self.per_million_tokens and embedding.tokens is None:
            raise InputError(
                "per_million_tokens: expected a service that counts tokens, got none; "
                "give a price per thousand items"
            )
        return self.estimate(items, embedding.tokens or 0)


FREE = Price()


class Paid(Protocol):
    """Says that texts are embedded, with the embedding if its tokens are paid for."""

    def __call__(self, embedding: Embedding | None = None) -> None: ...  # noqa: D102


@dataclass
class Budget:
    """Keeps what all workers spend together under a cap, in the migration's state.

    Money is set aside before texts are embedded. So workers together never exceed the cap if the
    price is per item; if it is per token, each by no more than its batch has more tokens than the
    one before.

    Attributes:
        price: of embeddings.
        cap: most money; None: any.
    """

    price: Price = FREE
    cap: float | None = None
    _tokens: float = field(default=0.0, repr=False)  # per item, in the latest batch

    @contextmanager
    def paying(self, database: Database, items: int) -> Iterator[Paid]:
        """Set money aside for a block that embeds so many items, and count what it spends.

        The block calls what it is given once the texts are embedded, with the embedding if the
        price is per token. If it does not, the money is put back. What a process that is killed had
        set aside counts as spent. Without a price nothing is counted.

        Raises:
            Unavailable: the cap does not allow it.
        """
        if self.price == FREE and self.cap is None:
            yield lambda embedding=None: None
            return
        aside = self.price.estimate(items, items * self._tokens)
        self._spend(database, aside, items)
        spent, embedded = 0.0, 0

        def paid(embedding: Embedding | None = None) -> None:
            nonlocal spent, embedded
            embedded = items
            spent = aside if embedding is None else self.price.cost(embedding, items)
            if embedding is not None and embedding.tokens is not None and items:
                self._tokens = embedding.tokens / items

        try:
            yield paid
        finally:
            if (spent, embedded) != (aside, items):
                self._settle(database, spent - aside, embedded - items)

    def _spend(self, database: Database, more: float, items: int) -> None:
        """Add to what is spent, unless that is more than the cap."""

        def added(state: State) -> State | None:
            if state.phase == "absent":
                return None
            spent = state.spent + more
            if self.cap is not None and (spent > self.cap or state.spent >= self.cap):
                raise Unavailable(
                    f"cap: expected to spend at most {self.cap:g}, got {state.spent:.4g} spent, "
                    f"and {items} more items cost about {more:.2g}"
                )
            return state.model_copy(update={"spent": spent, "embedded": state.embedded + items})

        change(database, added)

    def _settle(self, database: Database, money: float, items: int) -> None:
        def settled(state: State) -> State | None:
            if state.phase == "absent":  # rolled back meanwhile
                return None
            spent = max(0.0, state.spent + money)
            embedded = max(0, state.embedded + items)
            return state.model_copy(update={"spent": spent, "embedded": embedded})

        change(database, settled)
