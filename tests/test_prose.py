"""The numbers in reports/README.md are those of the reports that it names.

A comment after a paragraph or a bullet says where its numbers come from, in their order:

    <!-- from glyphs|cifar100/forward: forward map; forward - no rho map; panel/label nfr -->

Two datasets stand for two numbers. A label is a method of table.csv, with its panel if there are
several; `A - B measure` is a difference. A number in quotes comes from no report. A table is
compared with table.md cell by cell.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROSE = ROOT / "reports" / "README.md"
# The columns of table.csv.
MEASURES = {
    "map": "auc_map",
    "cmc": "auc_cmc_1",
    "cmc_low": "auc_cmc_1_low",
    "cmc_high": "auc_cmc_1_high",
    "gain": "gain",
    "start": "map_start",
    "precision_start": "precision_10_start",
    "end": "map_end",
    "nfr": "nfr_1_mean",
    "nfr_start": "nfr_1_start",
}
NUMBER = re.compile(r"−?\d+\.\d+%?|−?\d+%")


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table, with 100% written in one way."""
    return [cell.strip().replace(" %", "%") for cell in line.strip().strip("|").split("|")]


def table(text: str) -> list[dict[str, str]]:
    """The first table of a text."""
    head, _, *rows = [line for line in text.splitlines() if line.startswith("|")]
    return [dict(zip(cells(head), cells(row), strict=True)) for row in rows]


@cache
def report(source: str) -> dict[str, dict[str, str]]:
    """Rows of table.csv of `<dataset>/<study>`, by label."""
    with (PROSE.parent / source / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    labels = [
        "/".join(filter(None, (row.get("panel"), row.get("label") or row["method"])))
        for row in rows
    ]
    assert len(set(labels)) == len(rows)
    return dict(zip(labels, rows, strict=True))


def value(source: str, expression: str) -> float:
    """In percent: `label measure`, `label paper measure`, or a difference of two labels."""
    *left, right = re.split(r" - (?=[^-]+$)", expression)
    label, measure = right.rsplit(" ", 1)
    if left:
        first = left[0] if left[0].split(" ")[-1] in MEASURES else f"{left[0]} {measure}"
        return value(source, first) - value(source, right)
    method = label.removesuffix(" paper")
    column = MEASURES[measure] if method == label else f"paper_{MEASURES[measure]}"
    return 100 * float(report(source)[method][column])


def evidence(comment: str) -> Iterator[tuple[str, str]]:
    """Sources and expressions of a comment, one for each number."""
    sources: list[str] = []
    for part in comment.split(";"):
        *head, expression = part.split(": ")
        if head:
            datasets, study = head[0].strip().split("/")
            sources = [f"{dataset}/{study}" for dataset in datasets.split("|")]
        if expression.strip().startswith("'"):
            yield "", expression.strip().strip("'")
        else:
            yield from ((source, expression.strip()) for source in sources)


def blocks() -> list[tuple[str, str, str]]:
    """Paragraphs, bullets and tables of the prose: text, kind of evidence, evidence."""
    text = PROSE.read_text()
    found = []
    for block in re.split(r"\n\n(?!<!--)|\n(?=- )", text):
        prose, _, comment = block.partition("<!--")
        kind, _, sources = comment.partition("from ")
        found.append((prose, kind.strip(), " ".join(sources.partition("-->")[0].split())))
    return found


def numbers(prose: str) -> list[str]:
    """All decimals and percentages of a text, without code, tables and where links lead."""
    text = re.sub(r"`[^`]*`|\]\([^)]*\)|^\|.*$", " ", prose, flags=re.MULTILINE)
    return NUMBER.findall(text)


def written(number: float, like: str) -> str:
    """A number as the text writes its numbers, here with the decimals of `like`."""
    decimals = len(like.rstrip("%").partition(".")[2])
    percent = "%" if like.endswith("%") else ""
    return f"{number:.{decimals}f}{percent}".replace("-", "−")


def opening(parameter: str) -> str:
    """The name of a case: how the text begins."""
    return re.sub(r"[^A-Za-z0-9 ]+", "", parameter)[:40].strip()


@pytest.mark.parametrize(("prose", "kind", "comment"), blocks(), ids=opening)
def test_every_number_is_that_of_its_report(prose: str, kind: str, comment: str) -> None:
    found = numbers(prose)
    if kind == "table":
        return
    expected = list(evidence(comment)) if comment else []
    assert len(found) == len(expected), f"{found} from {expected}"
    for number, (source, expression) in zip(found, expected, strict=True):
        if not source:
            assert number == expression
            continue
        assert written(value(source, expression), number) == number, f"{source}: {expression}"
        assert f"[{source}]({source}/table.md)" in prose, f"no link to {source}"


@pytest.mark.parametrize(
    ("prose", "source"), [(p, s) for p, kind, s in blocks() if kind == "table"]
)
def test_every_cell_of_a_table_is_that_of_its_report(prose: str, source: str) -> None:
    text = (PROSE.parent / source / "table.md").read_text()
    rows = {row["method"]: row for row in table(text)}
    shown = table(prose)
    assert [row["method"] for row in shown] == list(rows)
    for row in shown:
        for column, cell in row.items():
            whole = rows[row["method"]][column]
            # The report also has the spread and the interval: 186 ± 1% [183, 190].
            number, _, rest = whole.partition(" ± ")
            percent = "%" if "%" in rest.partition("[")[0] else ""
            assert cell == number + percent, f"{row['method']}, {column}"


DATASETS = ("glyphs", "cifar100")
OLD_CLASSIFIER = ("least_confidence", "margin", "entropy")


def everywhere(study: str) -> list[str]:
    return sorted(
        f"{path.parent.parent.name}/{study}" for path in PROSE.parent.glob(f"*/{study}/table.md")
    )


def gains(source: str, panel: str, order: str, measure: str, start: str = "random") -> float:
    return value(source, f"{panel}/{order} - {panel}/{start} {measure}")


def never_falls(source: str, label: str) -> bool:
    """Of mAP, in all runs."""
    row = report(source)[label]
    if "runs" in row:
        return row["map_never_falls"] == row["runs"]
    return row["never_falls"] == "True"


def test_forward_is_above_rm_in_auc_map_in_every_study() -> None:
    for study in ("overview", "forward", "architectures", "training_data", "arrivals"):
        for source in everywhere(study):
            for label in report(source):
                if label.split("/")[-1] == "forward":
                    assert value(source, f"{label} - {label[:-7]}rm map") > 0
                    assert never_falls(source, label)


def test_forward_adds_nothing_to_fct_towards_the_refined_embedding() -> None:
    for source in ("main/overview", "glyphs/overview"):
        assert value(source, "refined/forward - refined/fct_hot_rho map") <= 0


def test_bict_is_the_best_of_five_draws_in_both_panels() -> None:
    for panel, best, next_ in (
        ("as_it_is", "bict", "forward_h"),
        ("refined", "bict_rho", "fct_hot_rho"),
    ):
        areas = {
            label: value("glyphs/overview", f"{label} map")
            for label in report("glyphs/overview")
            if label.startswith(f"{panel}/") and label.split("/")[1] not in ("new", "rho")
        }
        assert sorted(areas, key=areas.__getitem__)[:-3:-1] == [
            f"{panel}/{best}",
            f"{panel}/{next_}",
        ]


def test_every_method_of_five_draws_starts_above_old_and_bct_hot_alone_falls() -> None:
    rows = report("glyphs/overview")
    assert all(row["map_starts_at_old"] == row["runs"] == "15" for row in rows.values())
    assert [label for label in rows if not never_falls("glyphs/overview", label)] == [
        "as_it_is/bct_hot"
    ]
    assert f"{100 * float(rows['as_it_is/bct_hot']['worst_step']):.1f}" == "-0.9"
    hits_fall = {
        label.split("/")[1]
        for label, row in rows.items()
        if row["cmc_1_never_falls"] != row["runs"]
    }
    assert hits_fall == {"rm", "forward", "fct_hot_rho", "bict_rho", "bct_hot_rho"}


def test_closed_forms_start_above_old_but_for_queries_carried_back() -> None:
    rows = report("glyphs/closed_forms")
    below = {label: row["map_starts_at_old"] for label, row in rows.items()
             if row["map_starts_at_old"] != row["runs"]}  # fmt: skip
    assert set(below.values()) == {"12"}
    assert all("queries back" in label for label in below)
    for label in ("ridge", "procrustes"):
        added = value("glyphs/closed_forms", f"{label}, background_nearest - {label} map")
        assert 0 <= added < 0.5


def test_one_draw_is_near_the_mean_of_five() -> None:
    one, five = "main/overview", "glyphs/overview"
    apart = [abs(value(one, f"{label} map") - value(five, f"{label} map")) for label in report(one)]
    assert f"{max(apart):.1f}" == "1.7"


def test_forward_starts_above_new_in_the_older_comparisons() -> None:
    for source in ("glyphs/forward", "cifar100/overview"):
        assert value(source, "forward start") > value(source, "new map")
        assert value(source, "forward - rm map") > 0


def test_rm_naive_is_the_best_baseline_of_the_paper_and_the_worst_here() -> None:
    source, others = "cifar100/overview", ("bct", "fct", "bict")
    assert all(
        value(source, "rm_naive paper map") > value(source, f"{o} paper map") for o in others
    )
    assert all(value(source, f"{other} - rm_naive map") > 0 for other in others)
    for paper in ("", " paper"):
        best = max(value(source, f"{other}{paper} map") for other in (*others, "rm_naive"))
        assert value(source, f"rm{paper} map") > best


def test_rm_naive_falls_on_digits_and_with_other_encoders_on_glyphs() -> None:
    assert not never_falls("digits/fusion", "rm_naive")
    assert not never_falls("glyphs/architectures", "larger/rm_naive")
    assert not never_falls("glyphs/architectures", "vit/rm_naive")
    assert never_falls("glyphs/overview", "as_it_is/rm_naive")
    assert never_falls("cifar100/overview", "rm_naive")


def test_the_defaults_of_rm_have_the_best_auc_map_of_their_panels() -> None:
    for chosen in ("temperature/0.2", "depth/5", "mining/mined", "modules/psi and rho"):
        panel = chosen.split("/")[0]
        shown = [label for label in report("cifar100/ablations") if label.startswith(f"{panel}/")]
        assert max(shown, key=lambda label: value("cifar100/ablations", f"{label} map")) == chosen
    assert not never_falls("cifar100/ablations", "temperature/1.0")


def test_losses_without_rho_fall_on_cifar100_and_not_on_glyphs() -> None:
    for label in ("rm_cl", "rm_mcl"):
        assert [never_falls(f"{dataset}/losses", label) for dataset in DATASETS] == [True, False]
    assert not never_falls("cifar100/forward", "no rho")


def test_orders_of_the_old_classifier_raise_both_measures_without_rho() -> None:
    for dataset in DATASETS:
        source = f"{dataset}/orders"
        for order in OLD_CLASSIFIER:
            for panel in ("naive", "fct"):
                assert gains(source, panel, order, "map") > 0
                assert gains(source, panel, order, "cmc") > 0
            assert gains(source, "naive", order, "nfr") < 0
            assert never_falls(source, f"fct/{order}") == (dataset == "glyphs")
        assert never_falls(source, "fct/random")


def test_the_ranges_of_these_orders_are_those_of_all_three() -> None:
    for panel in ("naive", "fct"):
        for dataset in DATASETS:
            for measure in ("map", "cmc"):
                of = [gains(f"{dataset}/orders", panel, o, measure) for o in OLD_CLASSIFIER]
                assert (panel, dataset, measure, f"{min(of):.1f}", f"{max(of):.1f}") in {
                    ("naive", "glyphs", "map", "1.7", "1.9"),
                    ("naive", "glyphs", "cmc", "2.2", "2.3"),
                    ("naive", "cifar100", "map", "1.4", "1.5"),
                    ("naive", "cifar100", "cmc", "1.8", "1.8"),
                    ("fct", "glyphs", "map", "1.4", "1.4"),
                    ("fct", "glyphs", "cmc", "0.3", "0.6"),
                    ("fct", "cifar100", "map", "0.7", "0.7"),
                    ("fct", "cifar100", "cmc", "0.3", "0.5"),
                }


def test_these_orders_cost_hits_and_flips_where_backfilled_items_improve() -> None:
    for dataset in DATASETS:
        for panel in ("rm", "bct", "forward"):
            for order in OLD_CLASSIFIER:
                assert gains(f"{dataset}/orders", panel, order, "cmc") < 0
                assert gains(f"{dataset}/orders", panel, order, "nfr") > 0


def test_no_order_known_in_advance_improves_rm_in_both_measures_on_both_datasets() -> None:
    for order in (*OLD_CLASSIFIER, "coverage"):
        assert not all(
            gains(f"{dataset}/orders", "rm", order, measure) > 0
            for dataset in DATASETS
            for measure in ("map", "cmc")
        )


def test_the_oracle_falls() -> None:
    oracles = [
        (f"{dataset}/orders", label)
        for dataset in DATASETS
        for label in report(f"{dataset}/orders")
        if label.endswith("/oracle")
    ]
    assert len(oracles) == 8
    assert not any(never_falls(*oracle) for oracle in oracles)


def test_rank_fusion_has_less_gain_than_distances_and_falls() -> None:
    for source in everywhere("fusion"):
        assert value(source, "rm_naive - reciprocal_rank map") > 0
        assert not never_falls(source, "reciprocal_rank")
        assert abs(value(source, "min_max - rm_naive map")) < 0.45


def test_calibrated_distances_never_fall() -> None:
    for study in ("fusion", "architectures", "arrivals"):
        for source in everywhere(study):
            for label in report(source):
                if label.split("/")[-1] == "background_nearest":
                    assert never_falls(source, label)
    for source in everywhere("fusion"):
        for fitted in ("isotonic", "logistic"):
            assert value(source, f"background_nearest - {fitted} map") > 0


def test_orders_of_ract_raise_negative_flips_in_every_case() -> None:
    differences, hits = [], []
    for dataset in DATASETS:
        for order in OLD_CLASSIFIER:
            cases = [(f"{dataset}/orders", f"ract/{order} (ract)", "ract/random")]
            for panel in ("expansion", "open_data", "open_class"):
                cases.append(
                    (f"{dataset}/allocations", f"{panel}/ract by {order}", f"{panel}/ract")
                )
            for source, label, random in cases:
                differences.append(value(source, f"{label} - {random} nfr"))
                hits.append(value(source, f"{label} - {random} map"))
    assert len(differences) == 24
    assert min(differences) > 0
    largest = value("glyphs/allocations", "expansion/ract by entropy - expansion/ract nfr")
    assert max(differences) == largest
    assert f"{max(hits):.1f}" == "0.8"


def test_ract_is_below_vanilla_in_the_setting_of_table_1() -> None:
    for source in everywhere("compatible"):
        for measure in ("map", "cmc", "nfr"):
            assert value(source, f"hot_refresh/vanilla - hot_refresh/ract {measure}") > 0
        free = value(source, "backfill_free/vanilla - backfill_free/ract map")
        assert f"{free:.1f}" == "0.1"
    assert abs(value("cifar100/allocations", "open_data/ract - open_data/vanilla map")) < 0.1


def test_no_other_compatible_training_reaches_bct_with_hot_refresh() -> None:
    source = "glyphs/compatible"
    for label in report(source):
        panel, method = label.split("/")
        if panel == "hot_refresh" and method not in ("bct", "new"):
            assert value(source, f"hot_refresh/bct - {label} map") > 0


def test_every_report_is_listed() -> None:
    prose = PROSE.read_text()
    for path in PROSE.parent.glob("*/*/table.md"):
        assert f"({path.relative_to(PROSE.parent)})" in prose
