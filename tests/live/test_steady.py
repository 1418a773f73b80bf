import pytest

from backfill.errors import InputError
from backfill.live.steady import steady

patient = steady("base", lambda error: isinstance(error, OSError))


class Weak:
    def __init__(self, failures: int, error: Exception, patience: float = 5) -> None:
        self.failures, self.error, self.patience, self.calls = failures, error, patience, 0

    @patient
    def ask(self, answer: int) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return answer


def test_a_failure_that_passes_is_repeated() -> None:
    weak = Weak(2, OSError("busy"))
    assert (weak.ask(7), weak.calls) == (7, 3)


def test_patience_ends_with_one_line() -> None:
    weak = Weak(10**9, OSError("busy\nsince long"), patience=0.2)
    with pytest.raises(InputError, match=r"^base: expected an answer, got: busy$"):
        weak.ask(7)


def test_another_failure_is_not_repeated() -> None:
    weak = Weak(1, KeyError("a"))
    with pytest.raises(KeyError):
        weak.ask(7)
    assert weak.calls == 1
