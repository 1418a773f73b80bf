"""Whatever a caller hands over, a public call takes it or says what is wrong with it."""

from __future__ import annotations

import re
import warnings

import pytest
from hostile import VALUES
from public_calls import CALLS

from backfill import align, measures, orders, retrieval
from backfill.errors import InputError

# Every so many values at each argument; over all arguments, each value has its turn.
EVERY = 2
MESSAGE = re.compile(r"^[^:]+: .*expected .+, got[: ].+", re.DOTALL)
NO_CALLS = {
    "CarriedThreshold",  # what calls return
    "ClosedForm",
    "Conditions",
    "Interval",
    "Map",
    "OrderInputs",  # protocols and types
    "Permutation",
    "CLOSED_FORMS",
    "MEASURES",
    "MERGES",
    "METHODS",
}


def complaint(name: str, argument: str, value: str) -> str | None:
    """What a call says of a value; None if it takes it."""
    call, arguments = CALLS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call(**{**arguments, argument: VALUES[value]()})
        except InputError as error:
            return str(error)
    return None


@pytest.mark.parametrize("name", list(CALLS))
def test_a_call_takes_its_arguments_or_says_what_is_wrong(name: str) -> None:
    call, arguments = CALLS[name]
    call(**arguments)
    for at, argument in enumerate(arguments):
        for value in list(VALUES)[(at + len(name)) % EVERY :: EVERY]:
            said = complaint(name, argument, value)
            assert said is None or MESSAGE.match(said), f"{argument} = {value}: {said}"
            assert said is None or len(said) < 500


def test_every_call_of_these_rooms_is_tried() -> None:
    tried = {part for name in CALLS for part in name.partition(",")[0].split(".")}
    for room in (retrieval, measures, align, orders):
        assert set(room.__all__) - tried - NO_CALLS == set()
