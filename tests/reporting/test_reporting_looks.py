from simulated import as_panel

from backfill.reporting.looks import looks, one_legend
from backfill.reporting.style import GREY


def panel(*labels, old="old", new="new"):
    return as_panel(dict.fromkeys([old, new, *labels]), old, new)


def test_a_label_has_one_look_in_all_panels_and_no_other_label_has_it():
    found = looks({"a": panel("x", "y"), "b": panel("y", "z")})
    assert sorted(found) == ["new", "old", "x", "y", "z"]
    assert len({tuple(vars(look).values()) for look in found.values()}) == 5


def test_where_panels_have_their_own_legends_labels_that_never_meet_share_looks():
    knobs = {f"knob{i}": panel("common", *(f"{i}.{j}" for j in range(3))) for i in range(6)}
    assert not one_legend(knobs)
    found = looks(knobs)
    for values in knobs.values():
        shown = [tuple(vars(found[label]).values()) for label in values.results]
        assert len(set(shown)) == len(shown)
    assert found["0.1"] == found["5.1"]
    assert (
        len({look.color for label, look in found.items() if label in knobs["knob0"].upgrades}) == 4
    )


def test_a_reference_elsewhere_is_a_method_where_it_is_compared():
    found = looks({"a": panel("x", new="ract"), "b": panel("ract")})
    assert found["ract"].color != GREY
    assert found["new"].color == GREY
    assert found["old"].color == GREY
