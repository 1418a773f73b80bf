"""Settings of any bytes: one error that names the file, at once, whatever they would grow to."""

import time
from pathlib import Path

import pytest

from backfill.errors import InputError
from backfill.params import load_compute, load_params
from backfill.reading.yaml import MOST_BYTES, parse, read

from .conftest import PARAMS, Files, study

ALIASES = b"a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + i, 98 + i, b", ".join([b"*%c" % (97 + i)] * 9)) for i in range(9)
)
OVERVIEW, LOSSES = study("overview"), study("losses")


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"threads: caf\xe9", "in UTF-8, got byte 0xe9 at 12"),
        (b"threads: \x00", "control characters are not allowed"),
        (b'device: "\\0"', "text with a character 0 in line 1"),
        (b"threads: !!timestamp x", "the tag 'tag:yaml.org,2002:timestamp'"),
        (b"threads: !!int x", "no number, 'x' in line 1"),
        (b"threads: !!int [1]", "the tag 'tag:yaml.org,2002:int'"),
        (b"!!map x", "the tag 'tag:yaml.org,2002:map'"),
        (b"threads: !!bool x", "neither true nor false, 'x'"),
        (b"threads: !!python/object/apply:os.system [ls]", "the tag 'tag:yaml.org,2002:python"),
        (b"threads: " + b"1" * 5000, "a number of 5,000 characters in line 1"),
        (b"threads: " + b"9" * 20, "an integer of more than 64 bits"),
        (b"threads: .nan", "a number that is not finite, '.nan'"),
        (b"[" * 1000, "more than 50 levels"),
        (b"[" * 100_000, "more than 50 levels"),
        (b"{a: " * 100_000, "more than 50 levels"),
        (b"- " * 100_000, "more than 50 levels"),
        (ALIASES, "more than 50,000 values"),
        (b"a: &a [*a]", "one that holds itself in line 1"),
        (b"[" + b"1," * 400_000 + b"]", "more than 50,000 values"),
        (b"? [a]\n: b", "a key that is not text"),
        (b"? " + b"x" * 5000 + b"\n: b", "a key of 5,000 characters"),
        (b"#" * (MOST_BYTES + 1), "at most 1,000,000 bytes"),
        (b"a: 1\n---\nb: 2", "a single document"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_not_plain_is_one_short_error(tmp_path: Path, content: bytes, got: str) -> None:
    path = tmp_path / PARAMS
    path.write_bytes(content)
    begun = time.perf_counter()
    for reader in (read, load_params, load_compute):
        with pytest.raises(InputError) as found:
            reader(path)
        assert str(found.value).startswith(f"{path}: expected ")
        assert got in str(found.value)
        assert len(str(found.value)) < 1000
    assert time.perf_counter() - begun < 3 * 2


def test_dates_are_text_and_the_few_aliases_of_a_sane_file_are_followed() -> None:
    assert parse("a: 2020-13-45", "it") == {"a": "2020-13-45"}
    shared = "a: &a {x: 1, 2: !!str 3}\nb: {<<: *a, x: 2}\nc: [*a, *a]"
    one = {"x": 1, 2: "3"}
    assert parse(shared, "it") == {"a": one, "b": {"x": 2, 2: "3"}, "c": [one, one]}


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a YAML file, got no regular file"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"expected a YAML file, got no regular file"):
        read(Path("/dev/zero"))


def test_thousands_of_mistakes_are_a_few_lines_at_once(files: Files) -> None:
    with Path(PARAMS).open("a") as file:
        file.writelines(f"unknown_{i}: {i}\n" for i in range(20_000))
    begun = time.perf_counter()
    with pytest.raises(InputError) as found:
        load_params(PARAMS)
    assert time.perf_counter() - begun < 4
    first, *lines, last = str(found.value).splitlines()
    assert first == "20000 mistakes"
    assert lines[0].startswith("  params.yaml: unknown_0: unknown key; allowed: compute, dataset")
    assert (len(lines), last) == (50, "  and 19950 others")


def test_a_long_value_is_cut(files: Files) -> None:
    path, long = Path(PARAMS), "x" * 900_000
    text = path.read_text()
    path.write_text(text.replace("threads: 2", f"threads: {long}"))
    (mistake,) = files.mistakes("overview")
    assert mistake.startswith("params.yaml: threads: expected an integer, got 'xxxx")
    assert len(mistake) < 300
    path.write_text(text.replace("name: glyphs", f"name: {long}"))
    (mistake,) = files.mistakes("overview")
    assert mistake.startswith("params.yaml: dataset.name: expected a known name, got 'xxxx")
    assert len(mistake) < 1000


@pytest.mark.parametrize(
    ("key", "value"),
    [("threads", 10**15), ("train.learning_rate", "1e999"), ("train.weight_decay", "nan")],
)
def test_numbers_are_finite_and_counts_are_countable(files: Files, key: str, value: object) -> None:
    files.set(PARAMS, key, value)
    (mistake,) = files.mistakes("overview")
    assert mistake.startswith(f"params.yaml: {key}: expected ")


def test_rows_that_need_each_other_are_a_mistake(files: Files) -> None:
    files.set(OVERVIEW, "encoders.old.starts_from", "new")
    files.set(OVERVIEW, "encoders.new.starts_from", "old")
    expected = "expected rows that do not need themselves, got old -> new -> old"
    assert files.mistakes("overview") == [f"{OVERVIEW}: encoders.old: {expected}"]


def test_rows_of_several_files_that_are_like_each_other_are_a_mistake(files: Files) -> None:
    files.set(LOSSES, "transforms.rm", {"like": "rm", "depth": 0})
    assert f"{LOSSES}: transforms.rm.depth: expected more than 0, got 0" in files.mistakes("losses")
    files.delete(LOSSES, "transforms.rm")
    files.set(OVERVIEW, "transforms.mine", {"like": "rm", "depth": 0})
    files.set(LOSSES, "transforms.rm", {"like": "mine"})
    assert files.mistakes("losses")


def test_a_study_has_a_bounded_number_of_rows(files: Files) -> None:
    row = files.read(OVERVIEW)["orders"]["random"]
    files.set(OVERVIEW, "orders", {f"row_{i}": row for i in range(1001)})
    (mistake,) = files.mistakes("overview")
    assert mistake.startswith(f"{OVERVIEW}: orders: expected at most 1000 items, got ")
