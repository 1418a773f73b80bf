"""`like`: a row that is another one with some keys changed."""

import pytest

from .conftest import Files, study

OVERVIEW, FORWARD, ORDERS = study("overview"), study("forward"), study("orders")


def test_a_row_has_what_it_is_like_with_its_own_keys_on_top(files: Files) -> None:
    files.set(OVERVIEW, "transforms.colder", {"like": "forward", "temperature": 0.1})
    rows = files.load().catalogue.transforms
    assert rows["colder"] == rows["forward"].model_copy(update={"temperature": 0.1})


def test_a_row_may_be_like_one_that_is_like_another(files: Files) -> None:
    files.set(OVERVIEW, "transforms.deeper", {"like": "forward", "depth": 3})
    files.set(OVERVIEW, "transforms.colder", {"like": "deeper", "temperature": 0.1})
    rows = files.load().catalogue.transforms
    changes = {"temperature": 0.1, "depth": 3}
    assert rows["colder"] == rows["forward"].model_copy(update=changes)


def test_null_takes_a_key_away(files: Files) -> None:
    rows = files.load().catalogue.transforms
    assert rows["forward"].uncertainty == "h"
    assert rows["forward_joint"].uncertainty is None
    assert not rows["forward_joint"].separate
    # A kind that looks at one system has no second.
    assert rows["forward_cl"].loss == "cl"
    assert not hasattr(rows["forward_cl"], "after")


def test_a_key_is_replaced_whole(files: Files) -> None:
    rows = files.load().catalogue.transforms
    assert set(rows["rm"].modules) == {"rho", "psi"}
    assert set(rows["forward"].modules) == {"rho", "h"}


def test_how_a_method_is_shown_is_not_inherited(files: Files) -> None:
    files.set(FORWARD, "methods.copy", {"like": "forward_side_study", "label": "a copy"})
    methods = files.load().catalogue.methods
    assert methods["copy"].upgrade == methods["forward_side_study"].upgrade
    assert methods["copy"].label == "a copy"
    assert methods["naive_by_margin"].panel == "naive"
    files.set(ORDERS, "methods.copy", {"like": "naive_by_margin", "panel": "rm"})
    files.delete(FORWARD, "methods.copy")
    assert files.load().catalogue.methods["copy"].label is None


@pytest.mark.parametrize("like", ["rmm", "forward_side", 3, None])
def test_a_row_is_like_one_above_it_or_of_a_used_study(files: Files, like: object) -> None:
    files.set(OVERVIEW, "transforms.mine", {"like": like})
    (mistake,) = files.mistakes("forward")
    assert mistake.startswith(
        f"{OVERVIEW}: transforms.mine.like: expected a row above it, got {like!r}; allowed: rm, fct"
    )
    assert ("did you mean 'rm'?" in mistake) == (like == "rmm")


def test_a_row_is_not_like_itself(files: Files) -> None:
    files.set(OVERVIEW, "transforms.fct.like", "fct")
    assert files.mistakes("overview")[0].startswith(f"{OVERVIEW}: transforms.fct.like: expected")


def test_a_mistake_is_not_repeated_by_the_rows_that_are_alike(files: Files) -> None:
    files.set(OVERVIEW, "transforms.rm.depth", 0)
    expected = f"{OVERVIEW}: transforms.rm.depth: expected more than 0, got 0"
    assert files.mistakes() == [expected]
    files.set(FORWARD, "transforms.forward_joint.width", 0)
    other = f"{FORWARD}: transforms.forward_joint.width: expected more than 0, got 0"
    assert files.mistakes() == [expected, other]


def test_a_mistake_of_another_study_is_not_an_echo(files: Files) -> None:
    files.set(OVERVIEW, "transforms.rm.depth", 0)
    files.set(OVERVIEW, "transforms.fct.depth", 0)
    assert len(files.mistakes()) == 2
