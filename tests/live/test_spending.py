"""What embeddings cost, and how much they may."""

import threading

import numpy as np
import pytest
from pydantic import ValidationError

from backfill.errors import InputError
from backfill.live.embedders import Embedding, Unavailable
from backfill.live.spending import FREE, Budget, Price
from backfill.live.terms import State, Versioned

ROWS = np.ones((10, 2), np.float32)


class Kept:
    """The part of a database that holds the state."""

    def __init__(self, state: State | None = None) -> None:
        self.kept = Versioned(state or State(phase="running"), 1)
        self._lock = threading.Lock()

    def state(self) -> Versioned:
        return self.kept

    def swap(self, state: State, version: int) -> bool:
        with self._lock:
            if version != self.kept.version:
                return False
            self.kept = Versioned(state, version + 1)
            return True

    @property
    def spent(self) -> float:
        return round(self.kept.state.spent, 9)


def test_prices_are_per_thousand_items_or_per_million_tokens() -> None:
    assert Price(per_thousand_items=2.0).cost(Embedding(ROWS), 10) == pytest.approx(0.02)
    assert Price(per_million_tokens=2.0).cost(Embedding(ROWS, 500), 10) == pytest.approx(0.001)
    assert FREE.cost(Embedding(ROWS, 500), 10) == 0
    assert Price(per_million_tokens=2.0).estimate(1000, 5e6) == 10


@pytest.mark.parametrize(
    "given",
    [
        {"per_thousand_items": 1, "per_million_tokens": 1},
        {"per_thousand_items": -1},
        {"per_million_tokens": float("nan")},
        {"per_thousand_item": 1},
    ],
)
def test_a_price_that_says_nothing_clear_is_a_mistake(given: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Price.model_validate(given)


def test_a_price_per_token_needs_tokens() -> None:
    with pytest.raises(InputError, match="expected a service that counts tokens"):
        Price(per_million_tokens=2.0).cost(Embedding(ROWS), 10)


def test_what_is_embedded_is_counted() -> None:
    kept = Kept()
    with Budget(Price(per_thousand_items=1000.0)).paying(kept, 3) as paid:
        assert kept.spent == 3  # set aside
        paid()
    assert (kept.spent, kept.kept.state.embedded) == (3, 3)


def test_what_failed_is_put_back() -> None:
    kept = Kept()
    budget = Budget(Price(per_thousand_items=1000.0), cap=5)
    with pytest.raises(ValueError, match="any"), budget.paying(kept, 3):
        raise ValueError("any")
    assert (kept.spent, kept.kept.state.embedded) == (0, 0)


def test_the_cap_is_never_exceeded_by_items() -> None:
    kept = Kept()

    def work() -> None:
        budget = Budget(Price(per_thousand_items=1000.0), cap=100)
        while True:
            try:
                with budget.paying(kept, 7) as paid:
                    paid()
            except Unavailable:
                return

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert kept.spent == 98


def test_the_cap_is_named_with_what_is_spent() -> None:
    kept = Kept(State(phase="running", spent=4.5))
    budget = Budget(Price(per_thousand_items=1000.0), cap=5)
    message = r"cap: expected to spend at most 5, got 4\.5 spent, and 3 more items cost about 3$"
    with pytest.raises(Unavailable, match=message), budget.paying(kept, 3):
        raise AssertionError
    assert kept.spent == 4.5


def test_tokens_are_paid_as_counted_and_set_aside_as_before() -> None:
    kept = Kept()
    budget = Budget(Price(per_million_tokens=1e6), cap=100)
    with budget.paying(kept, 10) as paid:
        assert kept.spent == 0
        paid(Embedding(ROWS, 40))
    assert kept.spent == 40
    with budget.paying(kept, 10) as paid:
        assert kept.spent == 80
        paid(Embedding(ROWS, 30))
    assert (kept.spent, kept.kept.state.embedded) == (70, 20)


def test_nothing_is_written_after_a_rollback() -> None:
    kept = Kept()
    with Budget(Price(per_thousand_items=1000.0)).paying(kept, 3):
        kept.kept = Versioned(State(), 0)
    assert kept.kept == Versioned(State(), 0)
