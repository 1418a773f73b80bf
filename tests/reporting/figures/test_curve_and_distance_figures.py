import re

import numpy as np
import pytest
from simulated import as_panel, as_study, at_levels

from backfill.reporting.figures.curves import curve_figure
from backfill.reporting.figures.distances import distance_figure, shown_distances
from backfill.reporting.line_styles import line_styles
from backfill.reporting.measures import MAP, cmc, nfr
from backfill.reporting.style import png, svg
from backfill.results import Histogram, MethodResult

UPGRADES = ["rm_naive", "rm_rqt", "rm_cl", "rm_mcl", "rm", "bct", "bct_hot", "bict"]
UPGRADES += ["fct", "fct_hot", "fct_side", "fct_side_hot"]
NAMES = ["old", "new", *UPGRADES]


@pytest.fixture(scope="module")
def many(results):
    """The curves and distances of a few methods under as many names as a full run has."""
    few = list(results.values())
    return {
        name: MethodResult(name, few[i % len(few)].curves, few[i % len(few)].distances)
        for i, name in enumerate(NAMES)
    }


def texts(drawing: bytes) -> list[str]:
    """Matplotlib notes each text that it draws in a comment."""
    return re.findall(r"<!-- (.*?) -->", drawing.decode())


@pytest.mark.parametrize("measure", [MAP, cmc(1), cmc(5), nfr(1)], ids=lambda m: m.key)
def test_every_method_is_named_in_the_legend_best_first(many, measure):
    figure = curve_figure(as_study({"all": as_panel(many)}), measure)
    entries = [text.get_text().split() for text in figure.legends[0].get_texts()]
    assert sorted(name for _, name in entries) == sorted(NAMES)
    values = [float(value) for value, _ in entries]
    assert values == sorted(values, reverse=measure.higher_is_better)
    assert len(set(values)) > 1


@pytest.mark.parametrize("count", [3, 30, 60])
def test_the_legend_fits_the_figure(results, count):
    methods = {name: results[name] for name in ("old", "new")}
    methods |= {f"method {i}": results["rm_naive"] for i in range(count)}
    figure = curve_figure(as_study({"all": as_panel(methods)}), MAP)
    figure.draw_without_rendering()  # lays it out
    box = figure.legends[0].get_window_extent()
    assert box.y0 >= 0
    assert box.y1 <= figure.bbox.y1


def test_a_line_is_the_mean_and_its_band_the_range_of_the_seeds(results):
    figure = curve_figure(as_study({"all": as_panel(results)}), MAP)
    (axes,) = figure.axes
    line = next(line for line in axes.lines if line.get_label().endswith(" rm_naive"))
    seeds = 100 * np.stack([c.mean_average_precision for c in results["rm_naive"].curves])
    np.testing.assert_allclose(line.get_ydata(), seeds.mean(axis=0))
    bands = [band.get_paths()[0].get_extents() for band in axes.collections]
    assert any(np.isclose([b.y0, b.y1], [seeds.min(), seeds.max()]).all() for b in bands)


def test_every_panel_of_distances_is_titled_and_the_axis_cropped(many):
    figure = distance_figure(many, title="d")
    found = [axes.get_title(loc="left") for axes in figure.axes]
    for name in NAMES:
        assert f"{name}, before" in found
        assert f"{name}, after" in found
    histograms = [h for method in many.values() for h in method.distances.values()]
    occupied = sum(h.positive + h.negative for h in histograms) > 0
    edges = histograms[0].edges
    low, high = edges[:-1][occupied].min(), edges[1:][occupied].max()
    assert figure.axes[0].get_xlim() == pytest.approx((low, high))
    assert high < 4


def test_histograms_without_pairs_can_be_drawn():
    nothing = Histogram(np.linspace(0, 4, 5), np.zeros(4, np.int64), np.zeros(4, np.int64))
    method = MethodResult("m", (), {"before": nothing, "after": nothing})
    assert "m, before" in texts(svg(distance_figure({"m": method}, title="d")))


def test_lines_differ_without_colour():
    found = line_styles({"all": as_panel(dict.fromkeys(NAMES))})
    assert list(found) == ["new", "old", *UPGRADES]
    assert len({(style.linestyle, style.marker) for style in found.values()}) == len(NAMES)
    assert len({tuple(vars(style).values()) for style in found.values()}) == len(NAMES)


@pytest.mark.parametrize("render", [png, svg])
def test_figures_hold_neither_date_nor_version(results, render):
    drawing = render(curve_figure(as_study({"all": as_panel(results)}), MAP))
    for mark in (b"Matplotlib", b"dc:date", b"tIME", b"Software"):
        assert mark not in drawing


def test_many_panels_share_one_legend_in_the_order_of_the_tables(results):
    panel = as_panel(results)
    figure = curve_figure(as_study({"a": panel, "b": panel}), MAP)
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert entries == list(results)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["a", "b"]


def test_methods_with_the_same_distances_are_shown_once():
    panels = {
        name: as_panel({"old": at_levels(0.2, 0.2), "new": at_levels(0.2, 0.2, distances=1)})
        for name in ("a", "b")
    }
    assert list(shown_distances(panels)) == ["a: old", "a: new"]


def test_too_many_methods_leave_every_panel_its_first_ones():
    panels = {
        name: as_panel(
            {f"{i}": at_levels(0.2, 0.2, distances=100 * number + i) for i in range(20)}, "0", "1"
        )
        for number, name in enumerate(("a", "b"))
    }
    shown = list(shown_distances(panels))
    assert len(shown) == 24
    assert shown[:12] == [f"a: {i}" for i in range(12)]
    assert shown[12:] == [f"b: {i}" for i in range(12)]
