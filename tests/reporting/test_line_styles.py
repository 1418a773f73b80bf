from simulated import as_panel

from backfill.reporting.colours import GREY
from backfill.reporting.line_styles import line_styles, one_legend


def panel(*labels, old="old", new="new"):
    return as_panel(dict.fromkeys([old, new, *labels]), old, new)


def test_a_label_has_one_line_style_in_all_panels_and_no_other_label_has_it():
    found = line_styles({"a": panel("x", "y"), "b": panel("y", "z")})
    assert sorted(found) == ["new", "old", "x", "y", "z"]
    assert len({tuple(vars(style).values()) for style in found.values()}) == 5


def test_where_panels_have_their_own_legends_labels_that_never_meet_share_styles():
    knobs = {f"knob{i}": panel("common", *(f"{i}.{j}" for j in range(3))) for i in range(6)}
    assert not one_legend(knobs)
    found = line_styles(knobs)
    for values in knobs.values():
        shown = [tuple(vars(found[label]).values()) for label in values.results]
        assert len(set(shown)) == len(shown)
    assert found["0.1"] == found["5.1"]
    assert (
        len({style.color for label, style in found.items() if label in knobs["knob0"].upgrades})
        == 4
    )


def test_a_reference_elsewhere_is_a_method_where_it_is_compared():
    found = line_styles({"a": panel("x", new="ract"), "b": panel("ract")})
    assert found["ract"].color != GREY
    assert found["new"].color == GREY
    assert found["old"].color == GREY
