import json
import re
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from simulated import as_panel, as_study, at_levels

from backfill.errors import InputError
from backfill.reporting import style
from backfill.reporting.panel import PanelResults
from backfill.reporting.report import write_report
from backfill.results import MethodResult
from backfill.retrieval import negative_flip_rate

FIGURES = ["map", "cmc_1", "cmc_5", "nfr_1", "distances"]


class Elements(HTMLParser):
    """All start tags of a page with their attributes, and all of its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


@pytest.fixture(scope="module")
def page(report):
    return Elements((report / "page" / "index.html").read_text(encoding="utf-8"))


def test_the_report_is_complete(report):
    expected = ["curves.csv", "map.png", "metrics.json", "page", "table.csv", "table.md"]
    assert sorted(path.name for path in report.iterdir()) == expected
    inside = ["findings.md", "index.html"]
    inside += [f"{name}.png" for name in FIGURES if name != "map"]
    assert sorted(path.name for path in (report / "page").iterdir()) == sorted(inside)


def test_a_second_report_leaves_nothing_of_the_first(results, tmp_path, write, monkeypatch):
    monkeypatch.setattr(style, "png", lambda figure: b"")  # the slow part, and not the point here
    monkeypatch.setattr(style, "svg", lambda figure: b"")
    few = {name: results[name] for name in ("old", "new", "rm")}
    panels = {"all": as_panel(few)}
    write(as_study(panels, compare=[("rm", "old")]), tmp_path)
    assert (tmp_path / "page" / "claims.png").exists()
    write(as_study(panels), tmp_path)
    assert not [path.name for path in (tmp_path / "page").iterdir() if "claims" in path.name]


def test_a_second_run_gives_the_same_bytes(results, report, tmp_path, write):
    write(results, tmp_path)
    for path in report.rglob("*.*"):
        again = tmp_path / path.relative_to(report)
        assert again.read_bytes() == path.read_bytes(), path.name


HEADLINE = ["auc_map", "auc_cmc_1", "gain"]


def test_metrics_are_those_of_the_curves(results, report):
    metrics = json.loads((report / "metrics.json").read_text())
    assert list(metrics) == list(results)
    for name, numbers in metrics.items():
        assert list(numbers) == (HEADLINE[:-1] if name in ("old", "new") else HEADLINE)
    areas = [curve.auc_map for curve in results["rm"].curves]
    assert metrics["rm"]["auc_map"] == pytest.approx(np.mean(areas), abs=1e-6)
    assert metrics["rm"]["auc_map"] == round(metrics["rm"]["auc_map"], 6)


@pytest.fixture(scope="module")
def two_panels(results, write, tmp_path_factory):
    """A report of two panels, whose rows have names of their own."""
    few = {name: results[name] for name in ("old", "new", "rm")}
    panels = {
        name: PanelResults(few, {k: f"{name}_{k}" for k in few}, "old", "new") for name in "ab"
    }
    folder = tmp_path_factory.mktemp("reports") / "two"
    write(as_study(panels, compare=[("rm", "old")]), folder)
    return folder


def test_metrics_of_several_panels_are_nested_in_them(two_panels):
    metrics = json.loads((two_panels / "metrics.json").read_text())
    assert {name: list(rows) for name, rows in metrics.items()} == {
        "a": ["a_old", "a_new", "a_rm"],
        "b": ["b_old", "b_new", "b_rm"],
    }
    assert list(metrics["a"]["a_rm"]) == HEADLINE


def test_curves_of_several_panels_name_them(two_panels):
    frame = pd.read_csv(two_panels / "curves.csv")
    assert list(frame)[:4] == ["panel", "method", "label", "fraction"]
    assert list(frame["method"].unique()) == ["a_old", "a_new", "a_rm", "b_old", "b_new", "b_rm"]


def test_the_page_of_several_panels_leads_to_their_tables(two_panels):
    page = Elements((two_panels / "page" / "index.html").read_text(encoding="utf-8"))
    links = [a["href"] for a in page.named("a")]
    targets = {attributes.get("id") for _, attributes in page.found}
    assert links[:2] == ["#panel-0", "#panel-1"]
    assert {link.removeprefix("#") for link in links} <= targets


def test_sentences_stand_under_their_panel_or_section(two_panels):
    text = (two_panels / "page" / "findings.md").read_text()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == ["# d, s", "## a", "## b", "## Paired differences"]


def test_curves_are_long_rows_of_means_over_the_seeds(results, report):
    frame = pd.read_csv(report / "curves.csv")
    assert list(frame) == ["method", "fraction", "map", "cmc_1", "cmc_5", "nfr_1"]
    assert list(frame["method"].unique()) == list(results)
    rows = frame[frame["method"] == "rm_naive"]
    pairs = list(zip(results["old"].curves, results["rm_naive"].curves, strict=True))
    flips = np.mean([negative_flip_rate(old, curve, 1) for old, curve in pairs], axis=0)
    hits = np.mean([curve.cmc[5] for _, curve in pairs], axis=0)
    np.testing.assert_allclose(rows["nfr_1"], flips, atol=1e-6)
    np.testing.assert_allclose(rows["cmc_5"], hits, atol=1e-6)
    np.testing.assert_allclose(rows["fraction"], pairs[0][1].fraction)


def test_the_page_needs_nothing_else(page, report):
    assert len(page.named("img")) == len(FIGURES)
    for tag, attributes in page.found:
        assert tag not in {"script", "iframe", "object"}
        for key in ("src", "href"):
            value = attributes.get(key) or "#"
            assert value.startswith(("data:", "#")), (tag, value)
    css = "".join(
        re.findall(r"<style>(.*?)</style>", (report / "page" / "index.html").read_text(), re.S)
    )
    assert "color-scheme" in css
    assert "url(" not in css
    assert "@import" not in css


def test_every_link_has_a_target(page):
    targets = {attributes.get("id") for _, attributes in page.found}
    links = [a["href"] for a in page.named("a")]
    labels = [a["aria-labelledby"] for _, a in page.found if "aria-labelledby" in a]
    assert links == ["#table", "#curves", "#distances", "#parameters"]
    assert {*(link.removeprefix("#") for link in links), *labels} <= targets


def test_every_figure_names_every_method_and_says_what_it_shows(page, results):
    for attributes in page.named("img"):
        drawing = b64decode(attributes["src"].partition("base64,")[2]).decode()
        for name in ("rm_naive", "rm"):
            assert re.search(rf"\b{name}(, before)? -->", drawing)
        assert len(attributes["alt"]) > 40


def test_the_table_is_accessible(page, results):
    assert page.named("caption")
    scopes = [attributes.get("scope") for attributes in page.named("th")]
    assert scopes.count("row") == len(results)
    assert None not in scopes


def test_names_and_parameters_are_shown_as_text(page):
    assert "odd & <name>" in page.text
    assert "note: <b>&" in page.text
    assert not page.named("name")


def test_the_headline_follows_the_numbers(report, page):
    metrics = json.loads((report / "metrics.json").read_text())
    upgrades = {name: m["auc_map"] for name, m in metrics.items() if name not in ("old", "new")}
    best = max(upgrades, key=upgrades.__getitem__)
    assert f"{best} is best: AUC_mAP {100 * upgrades[best]:.1f}% [" in page.text
    assert f"- {best} is best" in (report / "page" / "findings.md").read_text()


def test_percentages_and_intervals_are_written_in_one_way(report, two_panels):
    for folder in (report, two_panels):
        for name in ("index.html", "findings.md"):
            text = (folder / "page" / name).read_text(encoding="utf-8")
            text = re.sub(r"base64,[^\"]*|<style>.*?</style>", "", text, flags=re.S)
            assert not re.search(r"\d %", text)
            assert not re.search(r"\d to \d", text)


def test_the_references_can_have_other_names(results, tmp_path, write, monkeypatch):
    monkeypatch.setattr(style, "png", lambda figure: b"")  # the slow part, and not the point here
    monkeypatch.setattr(style, "svg", lambda figure: b"")
    renamed = {"floor": results["old"], "goal": results["new"], "rm": results["rm"]}
    write(renamed, tmp_path, old="floor", new="goal")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert [name for name, values in metrics.items() if "gain" not in values] == ["floor", "goal"]


def test_a_missing_reference_is_named(results, tmp_path, write):
    with pytest.raises(InputError, match=r"expected results of new, got old, rm"):
        write({name: results[name] for name in ("old", "rm")}, tmp_path)


def test_methods_measured_at_other_fractions_are_refused(results, tmp_path, write):
    curve = results["rm"].curves[0]
    shifted = type(curve)(curve.fraction / 2, curve.average_precision, curve.hits)
    odd = results | {"rm": MethodResult("rm", (shifted,), results["rm"].distances)}
    with pytest.raises(InputError, match=r"same backfill fractions in all methods, but rm differs"):
        write(odd, tmp_path)
    assert not list(tmp_path.iterdir())


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "backfill.reporting", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_prints_the_table_and_where_the_page_is(report, results):
    done = run(str(report))
    assert done.returncode == 0, done.stderr
    for name in results:
        assert name in done.stdout
    assert (report / "page" / "index.html").as_uri() in done.stdout


def test_the_command_says_in_one_line_that_there_is_no_report(tmp_path):
    done = run(str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "table.csv" in done.stderr


def test_the_page_asks_the_question_of_the_study(tmp_path):
    results = {"old": at_levels(0.2, 0.2), "new": at_levels(0.8, 0.8)}
    study = as_study({"all": as_panel(results)}, question="Is <new> better?")
    write_report(study, tmp_path, parameters={})
    assert "<p>Is &lt;new&gt; better?</p>" in (tmp_path / "page" / "index.html").read_text()
