"""A study needs exactly the rows that its methods lead to."""

from pathlib import Path

import pytest

from backfill.params.rows.encoders import CompatibleRow
from backfill.pipeline.graph import Graph
from backfill.pipeline.inputs import inputs_of

from .settings_files import OVERVIEW, PARAMS, STUDIES, copy_settings, graph_of, set_value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy_settings(tmp_path)
    return tmp_path


def named(graph: Graph) -> dict[str, list[str]]:
    """The names of all rows."""
    sections = ("splits", "encoders", "transforms", "orders", "methods")
    return {section: list(getattr(graph, section)) for section in sections}


def test_the_main_comparison_needs_what_its_methods_need(folder: Path) -> None:
    methods = ["new", "rm_naive", "rm_psi", "old"]
    set_value(folder / PARAMS, "methods", methods)
    _, graph = graph_of(["overview"], folder)
    assert named(graph) == {
        "splits": ["extended_class"],
        "encoders": ["old", "new"],
        "transforms": ["rm_psi"],
        "orders": ["random"],
        "methods": ["old", "new", "rm_naive", "rm_psi"],
    }
    # Readers see them as params.yaml lists them; the other panel has nothing to show.
    assert {p: list(rows) for p, rows in graph.panels["overview"].items()} == {"as_it_is": methods}
    assert graph.files == ["overview"]


def test_a_compatible_encoder_needs_its_teacher(folder: Path) -> None:
    set_value(folder / OVERVIEW, "methods.bct.before", "bct")
    set_value(folder / OVERVIEW, "methods.bct.after", "bct")
    set_value(folder / OVERVIEW, "encoders.oldest", {"like": "old", "seeds": [7]})
    set_value(folder / OVERVIEW, "encoders.older", {"like": "bct", "teacher": "oldest"})
    set_value(folder / OVERVIEW, "encoders.bct.teacher", "older")
    set_value(folder / PARAMS, "methods", ["old", "new", "bct"])
    _, graph = graph_of(["overview"], folder)
    assert list(graph.encoders) == ["old", "new", "bct", "oldest", "older"]


def test_an_encoder_needs_the_one_whose_weights_it_starts_from(folder: Path) -> None:
    set_value(folder / OVERVIEW, "encoders.first", {"like": "old", "seeds": [7]})
    set_value(folder / OVERVIEW, "encoders.new.starts_from", "first")
    set_value(folder / PARAMS, "methods", ["old", "new"])
    _, graph = graph_of(["overview"], folder)
    assert list(graph.encoders) == ["old", "new", "first"]


def test_a_study_needs_rows_of_others_and_no_more() -> None:
    _, graph = graph_of(["losses"])
    assert named(graph) == {
        "splits": ["extended_class"],
        "encoders": ["old", "new"],
        "transforms": ["rm", "rm_rqt", "rm_cl", "rm_mcl"],
        "orders": ["random"],
        "methods": ["old", "new", "rm_naive", "rm", "rm_rqt", "rm_cl", "rm_mcl"],
    }
    assert graph.files == ["overview", "losses"]


def test_an_order_needs_what_it_looks_at() -> None:
    _, graph = graph_of(["orders"])
    # Of the study `compatible`, two encoders alone, whose classifiers and oracles are asked.
    assert list(graph.encoders) == ["old", "new", "bct", "vanilla", "ract"]
    assert list(graph.transforms) == ["rm", "fct", "forward", "fastfill"]
    assert not any("compatible" in name for name in graph.methods)
    assert graph.files == ["overview", "compatible", "orders"]


def test_studies_together_need_each_row_once() -> None:
    _, both = graph_of(["losses", "fusion"])
    _, losses = graph_of(["losses"])
    _, fusion = graph_of(["fusion"])
    for section, rows in named(both).items():
        alone = {*named(losses)[section], *named(fusion)[section]}
        assert len(rows) == len(set(rows))
        assert set(rows) == alone
    assert list(both.studies) == ["losses", "fusion"]


@pytest.mark.parametrize("studies", [[name] for name in STUDIES] + [STUDIES], ids=str)
def test_a_graph_is_closed_and_has_nothing_to_spare(studies: list[str]) -> None:
    _, graph = graph_of(studies)
    shown = {
        name for study in graph.panels.values() for rows in study.values() for name in rows.values()
    }
    assert set(graph.methods) == shown
    assert set(graph.orders) == {method.order for method in graph.methods.values()}
    rows = (graph.encoders, graph.transforms, graph.orders, graph.methods)
    used = {name for section in rows for row in section.values() for name in inputs_of(row)}
    assert {*graph.encoders, *graph.transforms} == used
    trained = [*graph.trained.values(), *graph.transforms.values()]
    assert set(graph.splits) == {row.trains_on.partition("/")[0] for row in trained}
    # Teachers come before those that they teach.
    order = list(graph.encoders)
    for name, row in graph.encoders.items():
        if isinstance(row, CompatibleRow):
            assert order.index(row.teacher) < order.index(name)


def test_the_inputs_of_a_row_are_encoders_and_transforms_each_once() -> None:
    settings, _ = graph_of(["orders", "forward"])
    catalogue = settings.catalogue
    assert inputs_of(catalogue.methods["old"]) == ["old"]
    assert inputs_of(catalogue.methods["fct_hot"]) == ["new", "fct"]
    assert inputs_of(catalogue.encoders["bct"]) == ["old"]
    assert inputs_of(catalogue.encoders["old"]) == []
    assert inputs_of(catalogue.transforms["forward_side"]) == ["old", "new", "side"]
    assert inputs_of(catalogue.orders["random"]) == []
    assert inputs_of(catalogue.orders["margin"]) == ["old"]
    assert inputs_of(catalogue.orders["ract_margin"]) == ["old", "ract"]
    assert inputs_of(catalogue.orders["forward"]) == ["forward"]
    assert inputs_of(catalogue.orders["forward_coverage"]) == ["forward"]
    assert inputs_of(catalogue.orders["oracle_rm"]) == ["rm", "old"]


AFTER = ["transform", "order", "evaluate", "report"]


def test_every_stage_is_listed_once_in_the_order_of_the_work() -> None:
    _, graph = graph_of(STUDIES)
    stages = graph.stages
    assert len(set(stages)) == len(stages)
    kinds = list(dict.fromkeys(stage for stage, *_ in stages))
    assert kinds == ["split", "train", "embed", "read", *AFTER]
    assert len(stages) == 1 + 2 * len(graph.trained) + sum(
        map(len, (graph.stored, graph.transforms, graph.orders, graph.methods, graph.studies))
    )


def test_vectors_that_are_there_are_read_and_nothing_is_trained() -> None:
    _, graph = graph_of(["embeddings"])
    kinds = list(dict.fromkeys(stage for stage, *_ in graph.stages))
    assert kinds == ["split", "read", *AFTER]
    assert not graph.trained
    assert {row.reads for row in graph.stored.values()} == {"old", "new"}
    assert all(row.form == "closed" for row in graph.transforms.values())
