"""A short run of what `make fuzz` does at length: known cases, and a few changes for each."""

from collections.abc import Iterator

import pytest

from fuzz.outcomes import FINDING, REFUSED, VALID, Outcome
from fuzz.running import Worker

pytestmark = pytest.mark.xdist_group("fuzz")

CHANGED = range(100_000, 100_002)
# Of each reader, those that once broke it.
KNOWN = {
    "params.yaml": [
        "not UTF-8",
        "a month 13",
        "!!timestamp x",
        "!!int x",
        "5,000 digits",
        "1,000 brackets",
        "100,000 brackets",
        "300 unknown keys",
        "a billion laughs",
        "a billion laughs as seeds",
        "a name outside",
        "a command",
    ],
    "datasets check": ["a month 13", "!!int x", "5,000 digits", "100,000 brackets"],
    "cifar100": ["names that are not UTF-8"],
    "folder": ["a class called caf\\xe9"],
    "images": ["a palette of 13,300 squared"],
    "gnd": [
        "a memo of 150 million",
        "lists doubled 30 times",
        "NaN as a position",
        "a half as a position",
        "a text of an exabyte",
        "a command",
    ],
    "array": ["an open bracket", "an archive", "an overflow", "an exabyte", "not Python"],
    "results": ["half", "a member: an exabyte", "hits of a word"],
    "names.json": ["100,000 brackets", "pairs"],
    "encoder": ["metadata of a list", "a width of 10**9", "10**9 channels"],
    "classifier": ["10,000,000 rows of no column"],
    "call backfill_curve": ["no_relevance", "float64_of_1e300", "ragged_systems"],
    "call backfill_curve_at": ["k_of_a_million", "k_of_2_31", "no_relevance", "float64_of_1e300"],
    "call Relevance.from_labels": ["uint64_of_2_64", "ragged"],
    "call Relevance.from_lists": ["gallery_of_five_and_a_half", "ragged"],
}


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with Worker(tmp_path_factory.mktemp("fuzz")) as started:
        yield started


def findings(outcomes: list[Outcome]) -> list[str]:
    return [
        f"{one.reader} {one.number} ({one.title}): {one.what}\n{one.detail}"
        for one in outcomes
        if one.kind == FINDING
    ]


def test_every_reader_reads_its_valid_input(worker: Worker) -> None:
    outcomes = [worker.run(name, 0) for name in worker.readers]
    assert [one for one in outcomes if one.kind != VALID] == []


@pytest.mark.parametrize("reader", KNOWN)
def test_what_once_broke_a_reader_is_an_error_or_a_result(worker: Worker, reader: str) -> None:
    numbers = {title: at for at, title in enumerate(worker.readers[reader].cases, 1)}
    assert findings([worker.run(reader, numbers[title]) for title in KNOWN[reader]]) == []


def test_a_changed_input_is_an_error_or_a_result(worker: Worker) -> None:
    outcomes = [worker.run(name, number) for name in worker.readers for number in CHANGED]
    assert findings(outcomes) == []
    assert {VALID, REFUSED} <= {one.kind for one in outcomes}


def test_an_input_of_a_number_is_always_the_same(worker: Worker) -> None:
    first, second = (worker.run("gnd", 100_000) for _ in range(2))
    assert (first.title, first.what) == (second.title, second.what)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with Worker(tmp_path_factory.mktemp("faulty"), "fuzz.bad", seconds=0.2) as started:
        yield started


@pytest.mark.parametrize(
    ("reader", "what"),
    [
        ("raises", "KeyError (bad.py:raises)"),
        ("exits", "SystemExit (bad.py:exits)"),
        ("dies", "the process died with -6"),
        ("hangs", "no answer within 1.6 s"),
        ("is slow", "more than 0.2 s"),
        ("is large", "more than 500 MiB"),
        ("believes", "memory that is not there was asked for (bad.py:believes)"),
        ("names nothing", "a message that names no file (bad.py:names_nothing)"),
        ("talks", "a message of over 20,000 characters (bad.py:talks)"),
        ("removes", "work/victim removed"),
        ("obeys", "a command was run"),
    ],
)
def test_a_fault_is_found(faulty: Worker, reader: str, what: str) -> None:
    found = faulty.run(reader, 1)
    assert (found.kind, found.what) == (FINDING, what)


def test_a_right_reader_has_none(faulty: Worker) -> None:
    outcomes = [faulty.run("is right", number) for number in range(40)]
    assert {one.kind for one in outcomes} == {VALID, REFUSED}
