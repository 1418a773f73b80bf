from dataclasses import replace
from io import StringIO

import pandas as pd
import pytest
from rich.console import Console
from simulated import as_panel, as_study

from backfill.reporting.escaped import cell
from backfill.reporting.panel import Pairs
from backfill.reporting.sampling import Sampling
from backfill.reporting.sections.table import table
from backfill.reporting.tables.methods import methods, readable
from backfill.reporting.tables.published import published_row
from backfill.reporting.tables.terminal import print_table


def study_on(results, dataset):
    sampling = Sampling(seed=0, resamples=50, level=0.9)
    return as_study({"all": as_panel(results)}, dataset=dataset, sampling=sampling)


@pytest.fixture(scope="module")
def numbers(results):
    return study_on(results, "glyphs").numbers["all"]


@pytest.fixture(scope="module")
def on_cifar(results):
    return study_on(results, "cifar100")


@pytest.fixture(scope="module")
def on_glyphs(results):
    return study_on(results, "glyphs")


def rows(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(
    ("dataset", "method", "expected"),
    [
        ("imagenet", "rm", (0.534, 0.681, 1.10)),
        ("cifar100", "bict", (0.290, 0.483, 0.29)),
        ("places365", "rm", (0.282, 0.417, 1.70)),
        ("market1501", "rm_naive", (0.692, 0.870, 0.45)),
        ("cifar100", "old", (0.216, 0.343, 0.0)),
    ],
)
def test_published_rows_are_those_of_table_1(dataset, method, expected):
    assert published_row(dataset, method) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("dataset", "method"), [("glyphs", "rm"), ("cifar100", "rm_cl"), ("cifar100", "fct_hot")]
)
def test_what_the_paper_lacks_has_no_row(dataset, method):
    assert published_row(dataset, method) is None


def test_the_paper_stands_beside_ours_where_it_has_the_dataset(on_cifar, results):
    header, _, *body = rows(table(on_cifar).markdown())
    assert header[:7] == [
        "method",
        "AUC_mAP",
        "paper AUC_mAP",
        "AUC_CMC@1",
        "paper AUC_CMC@1",
        "Gain",
        "paper Gain",
    ]
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in body}
    assert list(cells) == [cell(label) for label in results]
    assert [cells["rm"][f"paper {key}"] for key in ("AUC_mAP", "AUC_CMC@1", "Gain")] == [
        "41.4",
        "60.7",
        "78%",
    ]
    assert cells[cell("odd & <name>")]["paper AUC_mAP"] == "–"


def test_no_paper_columns_for_a_dataset_that_it_lacks(on_glyphs):
    assert not [column for column in methods(on_glyphs) if column.startswith("paper")]
    assert "paper" not in table(on_glyphs).markdown()


def test_cells_give_percent_spread_and_interval(on_glyphs, numbers):
    header, _, *body = rows(table(on_glyphs).markdown())
    row, found = dict(zip(header, body[3], strict=True)), numbers["rm"]
    value, low, high, spread = (f"{100 * x:.1f}" for x in found.auc_map)
    assert row["AUC_mAP"] == f"{value} ± {spread} [{low}, {high}]"
    value, low, high, spread = (f"{100 * x:.0f}" for x in found.gain)
    assert row["Gain"] == f"{value} ± {spread}% [{low}, {high}]"
    assert row["mAP 0 → 100%"] == f"{100 * found.map_start:.1f} → {100 * found.map_end:.1f}"
    assert row["never falls"] == f"{found.on_map.never_falls}/{found.on_map.runs}"
    assert row["CMC never falls"] == f"{found.on_cmc_1.never_falls}/{found.on_map.runs}"
    assert row["NFR@1 at 0%"] == f"{100 * found.nfr_1_start:.1f}"
    assert row["NFR@1"] == f"{100 * found.nfr_1_mean:.1f}"


def test_the_size_of_a_background_is_shown_where_a_method_has_one(results):
    pairs = {
        "rm_naive": Pairs("old → old", "new → new", "random", "background_nearest", 1000),
        "rm": Pairs("psi → old", "new → new", "random"),
    }
    shown = table(as_study({"all": replace(as_panel(results), pairs=pairs)}))
    header, _, *body = rows(shown.markdown())
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in body}
    assert (cells["rm_naive"]["background"], cells["rm"]["background"]) == ("1,000", "–")
    csv = pd.read_csv(StringIO(shown.files()["table.csv"].decode())).set_index("method")
    assert csv.loc["rm_naive", "background"] == 1000
    assert "background" not in methods(as_study({"all": as_panel(results)}))


def test_the_official_map_stands_beside_where_there_is_one(results):
    assert not any("trapezoidal" in key for key in methods(as_study({"all": as_panel(results)})))
    official = {
        name: replace(
            found,
            curves=tuple(replace(c, trapezoidal=c.average_precision / 2) for c in found.curves),
        )
        for name, found in results.items()
    }
    study = as_study({"all": as_panel(official)})
    numbers = study.numbers["all"]["rm"]
    row = methods(study).set_index("method").loc["rm"]
    assert row["auc_map_trapezoidal"] == pytest.approx(numbers.auc_map.value / 2, abs=1e-6)
    header, _, *body = rows(table(study).markdown())
    cells = dict(zip(header, body[3], strict=True))
    start, end = 50 * numbers.map_start, 50 * numbers.map_end
    assert cells["official mAP 0 → 100%"] == f"{start:.1f} → {end:.1f}"


def test_every_heading_is_explained(on_cifar):
    shown = table(on_cifar)
    assert ["method", *shown.terms] == shown.tables[0].headings


def test_a_fall_too_small_for_one_decimal_still_shows(on_glyphs):
    fallen = methods(on_glyphs).assign(worst_step=-0.0002)
    assert set(readable(fallen)["worst step"]) == {"-0.02"}
    assert set(readable(fallen.assign(worst_step=0.0))["worst step"]) == {"none"}


def test_the_csv_holds_plain_fractions(on_cifar, numbers):
    frame = pd.read_csv(StringIO(table(on_cifar).files()["table.csv"].decode()))
    row = frame.set_index("method").loc["rm_naive"]
    found = numbers["rm_naive"]
    assert row["auc_map"] == found.auc_map.value
    assert row["gain_high"] == found.gain.high
    assert row["paper_auc_map"] == pytest.approx(0.308)


def test_the_csv_has_all_that_metrics_json_leaves_out(on_glyphs):
    columns = set(methods(on_glyphs))
    for key in ("auc_map", "auc_cmc_1", "auc_cmc_5", "gain"):
        assert {key, f"{key}_low", f"{key}_high", f"{key}_std"} <= columns
    for condition in ("starts_at_old", "ends_at_new", "never_falls"):
        assert {f"map_{condition}", f"cmc_1_{condition}"} <= columns
    assert {"runs", "draws"} <= columns
    assert {"map_start", "map_end", "worst_step"} <= columns
    assert {"nfr_1_start", "nfr_1_mean", "nfr_1_max"} <= columns


def test_several_panels_are_tables_of_their_own_and_one_csv(results):
    panel = as_panel(results, names={"rm": "rm_row"})
    shown = table(as_study({"a": panel, "b": panel}))
    assert [found.title for found in shown.tables] == ["a", "b"]
    assert [found.headings[0] for found in shown.tables] == ["method"] * 2
    assert list(shown.data)[:3] == ["panel", "method", "label"]
    assert shown.data["panel"].tolist() == ["a"] * len(results) + ["b"] * len(results)
    row = shown.data[shown.data["label"] == "rm"].iloc[0]
    assert row["method"] == "rm_row"
    # What the numbers of a panel say stands with its table.
    assert " is best: AUC_mAP " in shown.tables[0].note
    assert "Its mAP goes from" in shown.tables[0].note


@pytest.mark.parametrize("dataset", ["cifar100", "glyphs"])
def test_the_terminal_table_fits_100_columns(results, dataset):
    named = {name if name != "rm" else "fct_side_hot": found for name, found in results.items()}
    console = Console(file=StringIO(), width=100)
    print_table(methods(study_on(named, dataset)), console)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text
    for name in named:
        assert name in text


def test_a_narrow_terminal_gets_ours_alone(on_cifar):
    console = Console(file=StringIO(), width=80)
    print_table(methods(on_cifar), console)
    text = console.file.getvalue()
    assert "paper" not in text
    assert "…" not in text


def test_the_terminal_shows_every_panel_under_its_name(results):
    panel = as_panel(results)
    console = Console(file=StringIO(), width=100)
    print_table(methods(as_study({"[bold]a": panel, "b": panel})), console)
    lines = [line.strip() for line in console.file.getvalue().splitlines()]
    assert "[bold]a" in lines
    assert "b" in lines
