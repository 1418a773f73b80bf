from io import StringIO

import pandas as pd
import pytest
from rich.console import Console

from backfill.reporting import table
from backfill.reporting.metrics import method_metrics
from backfill.reporting.published import published_row


@pytest.fixture(scope="module")
def metrics(results):
    references = results["old"], results["new"]
    return {
        name: method_metrics(result, *references, seed=0, resamples=50, level=0.9)
        for name, result in results.items()
    }


def summary(metrics, dataset):
    """The table of a single panel."""
    return table.summary({"all": metrics}, dataset)


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


def test_the_paper_stands_beside_ours_where_it_has_the_dataset(metrics):
    header, _, *body = rows(table.markdown(summary(metrics, "cifar100")))
    assert header[:7] == [
        "method",
        "AUC_mAP",
        "paper AUC_mAP",
        "AUC_CMC",
        "paper AUC_CMC",
        "Gain",
        "paper Gain",
    ]
    cells = {row[0]: dict(zip(header, row, strict=True)) for row in body}
    assert list(cells) == list(metrics)
    assert [cells["rm"][f"paper {key}"] for key in ("AUC_mAP", "AUC_CMC", "Gain")] == [
        "41.4",
        "60.7",
        "78%",
    ]
    assert cells["odd & <name>"]["paper AUC_mAP"] == "–"


def test_no_paper_columns_for_a_dataset_that_it_lacks(metrics):
    frame = summary(metrics, "glyphs")
    assert not [column for column in frame if column.startswith("paper")]
    assert "paper" not in table.markdown(frame)


def test_cells_give_percent_spread_and_interval(metrics):
    header, _, *body = rows(table.markdown(summary(metrics, "glyphs")))
    row, numbers = dict(zip(header, body[3], strict=True)), metrics["rm"]
    value, low, high, spread = (
        f"{100 * x:.1f}"
        for x in (
            numbers["auc_map"],
            numbers["ci"]["auc_map"]["low"],
            numbers["ci"]["auc_map"]["high"],
            numbers["seed_std"]["auc_map"],
        )
    )
    assert row["AUC_mAP"] == f"{value} ± {spread} [{low}, {high}]"
    start, end = (f"{100 * numbers[key]:.1f}" for key in ("map_start", "map_end"))
    assert row["mAP 0 → 100 %"] == f"{start} → {end}"
    answers = {True: "yes", False: "no"}
    assert row["never falls"] == answers[numbers["conditions"]["never_falls"]]


def test_a_fall_too_small_for_one_decimal_still_shows(metrics):
    fallen = {"rm": metrics["rm"] | {"worst_step": -0.0002}}
    header, _, row = rows(table.markdown(summary(fallen, "glyphs")))
    assert dict(zip(header, row, strict=True))["worst step"] == "-0.02"


def test_the_csv_holds_plain_fractions(metrics):
    frame = pd.read_csv(StringIO(table.csv(summary(metrics, "cifar100"))))
    row = frame.set_index("method").loc["rm_naive"]
    assert row["auc_map"] == metrics["rm_naive"]["auc_map"]
    assert row["gain_high"] == metrics["rm_naive"]["ci"]["gain"]["high"]
    assert row["paper_auc_map"] == pytest.approx(0.308)


@pytest.mark.parametrize("dataset", ["cifar100", "glyphs"])
def test_the_terminal_table_fits_100_columns(metrics, dataset):
    named = {name if name != "rm" else "fct_side_hot": row for name, row in metrics.items()}
    console = Console(file=StringIO(), width=100)
    table.print_table(summary(named, dataset), console)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text
    for name in named:
        assert name in text


def test_a_narrow_terminal_gets_ours_alone(metrics):
    console = Console(file=StringIO(), width=80)
    table.print_table(summary(metrics, "cifar100"), console)
    text = console.file.getvalue()
    assert "paper" not in text
    assert "…" not in text
