import json
import re
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from backfill.errors import InputError
from backfill.reporting import style
from backfill.reporting.findings import findings
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
    return Elements((report / "index.html").read_text(encoding="utf-8"))


def test_the_report_is_complete(report):
    expected = ["metrics.json", "table.md", "table.csv", "curves.csv", "index.html", "extra"]
    expected += [f"{name}.png" for name in FIGURES]
    assert sorted(path.name for path in report.iterdir()) == sorted(expected)
    # Never empty, since git keeps no empty folder.
    assert [path.name for path in (report / "extra").iterdir()] == ["findings.md"]


def test_a_second_run_gives_the_same_bytes(results, report, tmp_path, write):
    write(results, tmp_path)
    for path in report.rglob("*.*"):
        again = tmp_path / path.relative_to(report)
        assert again.read_bytes() == path.read_bytes(), path.name


def test_metrics_are_those_of_the_curves(results, report):
    metrics = json.loads((report / "metrics.json").read_text())
    assert list(metrics) == list(results)
    areas = [curve.auc_map for curve in results["rm"].curves]
    assert metrics["rm"]["auc_map"] == pytest.approx(np.mean(areas), abs=1e-6)
    assert metrics["old"]["gain"] == 0
    assert metrics["new"]["gain"] == 1
    interval = metrics["rm"]["ci"]["auc_map"]
    assert interval["low"] < metrics["rm"]["auc_map"] < interval["high"]


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
    css = "".join(re.findall(r"<style>(.*?)</style>", (report / "index.html").read_text(), re.S))
    assert "color-scheme" in css
    assert "url(" not in css
    assert "@import" not in css


def test_every_link_has_a_target(page):
    targets = {attributes.get("id") for _, attributes in page.found}
    links = [a["href"] for a in page.named("a")]
    labels = [a["aria-labelledby"] for _, a in page.found if "aria-labelledby" in a]
    assert len(links) == len(FIGURES) + 2
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


def test_the_headline_follows_the_numbers(report):
    metrics = json.loads((report / "metrics.json").read_text())
    upgrades = {name: m["auc_map"] for name, m in metrics.items() if name not in ("old", "new")}
    best = max(upgrades, key=upgrades.__getitem__)
    assert f"{best} has the largest AUC_mAP" in Elements((report / "index.html").read_text()).text

    del metrics[best]
    runner_up = max(upgrades.keys() - {best}, key=upgrades.__getitem__)
    headline, *_ = findings(metrics, old="old", new="new", level=0.9)
    assert headline.startswith(f"{runner_up} has the largest AUC_mAP")


def test_the_references_can_have_other_names(results, tmp_path, write, monkeypatch):
    monkeypatch.setattr(style, "png", lambda figure: b"")  # the slow part, and not the point here
    monkeypatch.setattr(style, "svg", lambda figure: b"")
    renamed = {"floor": results["old"], "goal": results["new"], "rm": results["rm"]}
    write(renamed, tmp_path, old="floor", new="goal")
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert (metrics["floor"]["gain"], metrics["goal"]["gain"]) == (0, 1)


def test_a_missing_reference_is_named(results, tmp_path, write):
    with pytest.raises(InputError, match=r"no results of new, found old, rm"):
        write({name: results[name] for name in ("old", "rm")}, tmp_path)


def test_methods_measured_at_other_fractions_are_refused(results, tmp_path, write):
    curve = results["rm"].curves[0]
    shifted = type(curve)(curve.fraction / 2, curve.average_precision, curve.hits)
    odd = results | {"rm": MethodResult("rm", (shifted,), results["rm"].distances)}
    with pytest.raises(InputError, match=r"rm and old differ in backfill fractions"):
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
    assert (report / "index.html").as_uri() in done.stdout


def test_the_command_says_in_one_line_that_there_is_no_report(tmp_path):
    done = run(str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "table.csv" in done.stderr
