"""Sections register themselves, stand in one order, and are files by their id."""

from pathlib import Path

import pytest
from simulated import as_panel, as_study, at_levels

from backfill.errors import InputError
from backfill.reporting import sections as registry
from backfill.reporting.section import Section
from backfill.reporting.sections import REGISTERED, Registered, section, sections


@pytest.fixture
def study():
    results = {"old": at_levels(0.2, 0.2), "new": at_levels(0.8, 0.8), "rm": at_levels(0.4, 0.9)}
    return as_study({"all": as_panel(results)}, compare=[("rm", "old")])


@pytest.fixture
def register(monkeypatch):
    """Register a section for the time of a test."""
    list(REGISTERED)  # all modules are read

    def temporarily(order, *, on_request=False):
        monkeypatch.setattr(registry, "REGISTERED", dict(REGISTERED.items()))
        return lambda make: registry.REGISTERED.update(
            {make.__name__: Registered(order, make, on_request)}
        )

    return temporarily


def test_every_module_of_the_package_is_found():
    modules = {path.stem for path in Path(registry.__file__).parent.glob("*.py")} - {"__init__"}
    assert len(modules) > 5
    assert modules == set(REGISTERED)


def test_sections_stand_in_their_order_and_go_by_their_registered_names(study):
    found = [shown.id for shown in sections(study)]
    assert found == ["comparison", "table", "curves", "distances"]
    orders = [REGISTERED[name].order for name in found]
    assert orders == sorted(orders)


def test_a_registered_section_is_shown_without_any_other_change(study, register):
    @register(47)
    def more(study):
        return Section(id="more", title=study.title)

    assert [shown.id for shown in sections(study)][1:4] == ["table", "more", "curves"]


def test_a_section_on_request_is_shown_to_studies_that_ask_for_it(study, register):
    @register(1, on_request=True)
    def special(study):
        return Section(id="special", title="t")

    assert "special" not in [shown.id for shown in sections(study)]
    asking = as_study(study.panels, figure="special")
    assert sections(asking)[0].id == "special"


def test_a_section_that_has_nothing_to_show_is_left_out(study, register):
    @register(1)
    def empty(study):
        return None

    assert None not in sections(study)


def test_a_figure_that_does_not_exist_is_named_with_those_that_do(study):
    with pytest.raises(InputError, match="expected one of ablations, sequential, subgroups, got x"):
        sections(as_study(study.panels, figure="x"))
    # What every study shows cannot be asked for.
    with pytest.raises(InputError, match="got curves"):
        sections(as_study(study.panels, figure="curves"))


def test_two_sections_cannot_have_one_name():
    def table(study):
        return None

    list(REGISTERED)
    with pytest.raises(AssertionError, match="registered twice"):
        section(1)(table)


def test_no_two_sections_write_the_same_file(study):
    names = [name for shown in sections(study) for name in shown.files()]
    assert len(names) == len(set(names))
