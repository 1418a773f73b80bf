import numpy as np
import pytest
from simulated import as_panel, as_study, at_levels

from backfill.errors import InputError
from backfill.reporting import study as module
from backfill.reporting.measures import MAP, cmc, nfr
from backfill.reporting.text import interval, listed, points, signed
from backfill.results import MethodResult

OLD, NEW = at_levels(0.2, 0.2, 0.2), at_levels(0.6, 0.6, 0.6)
RM = at_levels(0.2, 0.4, 0.7)


@pytest.fixture
def study():
    panel = as_panel({"old": OLD, "new": NEW, "rm": RM})
    return as_study({"a": panel, "b": panel}, dataset="glyphs", name="orders")


def test_a_study_knows_what_its_sections_ask_for(study):
    assert study.title == "glyphs, orders"
    assert (study.queries, study.runs, study.several) == (40, 2, True)
    assert study.labels == ["old", "new", "rm"]
    assert study.references == {"new": "new", "old": "old"}
    assert [measure.key for measure in study.measures] == ["map", "cmc_1", "cmc_5", "nfr_1"]
    assert study.fraction.tolist() == [0, 0.5, 1]
    assert set(study.line_styles) == set(study.labels)
    assert study.where("a") == " in a"
    assert as_study({"a": study.panels["a"]}).where("a") == ""


def test_curves_areas_and_differences_agree(study):
    assert study.curves("a", "rm", MAP).mean(axis=0) == pytest.approx([0.2, 0.4, 0.7])
    assert study.area("a", "rm", cmc(1)) == pytest.approx((0.1 + 0.4 + 0.35) / 2)
    found = study.difference("a", "rm", "old", MAP)
    assert found.difference == pytest.approx(study.area("a", "rm", MAP) - 0.2)
    assert study.numbers["a"]["rm"].auc_map.value == pytest.approx(study.area("a", "rm", MAP))
    assert study.difference("a", "rm", "old", nfr(1)).difference == 0


def test_what_is_shared_is_computed_once(study, monkeypatch):
    calls = []
    compute = module.paired_difference
    monkeypatch.setattr(
        module, "paired_difference", lambda *args: calls.append(args) or compute(*args)
    )
    for _ in range(3):
        study.difference("a", "rm", "old", MAP)
        study.difference("b", "rm", "old", MAP)
    assert len(calls) == 2
    assert study.numbers is study.numbers
    assert study.line_styles is study.line_styles
    assert study.curves("a", "rm", MAP) is study.curves("a", "rm", MAP)


def test_a_missing_reference_is_named_with_its_panel():
    with pytest.raises(InputError, match="expected results of new in b, got old, rm"):
        as_study({"a": as_panel({"old": OLD, "new": NEW}), "b": as_panel({"old": OLD, "rm": RM})})


def only_hits_in(k):
    """RM without the hits in the top of any other k."""
    curves = (type(c)(c.fraction, c.average_precision, {k: c.hits[k]}) for c in RM.curves)
    return MethodResult("m", tuple(curves), RM.distances)


@pytest.mark.parametrize(
    ("odd", "what"),
    [
        (at_levels(0.2, 0.4, 0.7, queries=30), "number of queries"),
        (at_levels(0.2, 0.7), "backfill fractions"),
        (only_hits_in(1), "top-k"),
    ],
)
def test_methods_measured_otherwise_are_refused(odd, what):
    with pytest.raises(InputError, match=f"same {what} in all methods, but odd differs"):
        as_study({"a": as_panel({"old": OLD, "new": NEW, "odd": odd})})


def test_hits_in_the_top_1_are_needed():
    with pytest.raises(InputError, match=r"expected hits in the top 1, got top \[5\]"):
        as_study({"a": as_panel({"old": only_hits_in(5), "new": only_hits_in(5)})})


def test_numbers_read_well():
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b, own order", "c"]) == "a; b, own order and c"
    assert points(0.0462) == "4.6 points"
    assert points(0.0002) == "0.02 points"
    assert points(-1e-17) == "0.0 points"
    assert interval(-0.0003, 0.01) == "[-0.03, 1.0]"
    assert [signed(v) for v in (0.01, -0.01, 0.0001, -0.0001)] == ["+1.0", "-1.0", "0.0", "0.0"]
    assert signed(np.float64(0.5)) == "+50.0"
