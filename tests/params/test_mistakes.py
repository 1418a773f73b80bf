"""Settings are checked as a whole: one error with every mistake, its file, key and value."""

from pathlib import Path
from typing import Any

import pytest

from backfill.errors import InputError
from backfill.params import load, load_compute, load_params

from .conftest import PARAMS, Files, study

OVERVIEW, COMPATIBLE, ALLOCATIONS = study("overview"), study("compatible"), study("allocations")
SEQUENTIAL, SUBGROUPS, FUSION = study("sequential"), study("subgroups"), study("fusion")
ORDERS, FORWARD, LOSSES = study("orders"), study("forward"), study("losses")
VIT = {
    "family": "vit", "image_size": 32, "patch": 4, "depth": 1, "width": 8, "heads": 2,
    "embedding_dim": 64,
}  # fmt: skip
SMALL = {"family": "resnet", "blocks": [1], "width": 4, "embedding_dim": 7}

CASES: list[tuple[str, str, object, list[str]]] = [
    # params.yaml
    (PARAMS, "evaluate.checkpionts", 5, ["unknown key; allowed: checkp", "mean 'checkpoints'?"]),
    (PARAMS, "evaluate.checkpoints", "many", ["expected an integer of at least 2, or all, got 'm"]),
    (PARAMS, "evaluate.checkpoints", 1, ["expected an integer of at least 2, or all, got 1"]),
    (PARAMS, "evaluate.top_k", [1], ["expected 1 and 5, which reports show, among others, got"]),
    (PARAMS, "evaluate.search", "nearst", ["expected whole, nearest, or an index", "got 'nearst'"]),
    (PARAMS, "train.network.widht", 1, ["unknown key; allowed: blocks,", "mean 'width'?"]),
    (PARAMS, "train.network.width", "x", ["expected an integer, got 'x'"]),
    (PARAMS, "train.network.family", "mlp", ["got 'mlp'; allowed: resnet, vit, whitened"]),
    (PARAMS, "train.optimizer", "adamw", ["expected 'sgd', 'adam' or 'muon', got 'adamw'"]),
    (PARAMS, "train.learning_rate", -1, ["expected more than 0, got -1"]),
    (PARAMS, "train.schedule", "linear", ["expected 'one_cycle', 'cosine' or 'step', got 'linear"]),
    (PARAMS, "train.processes", 2, ["expected 1 with compute.engine local, got 2; ray has more"]),
    (PARAMS, "dataset.clases", 10, ["unknown key", "did you mean 'classes'?"]),
    (PARAMS, "dataset.name", "mnist", ["expected a known name, got 'mnist'; allowed: cifar100,"]),
    (PARAMS, "sead", 1, ["unknown key", "did you mean 'seeds'?"]),
    (PARAMS, "seeds", [], ["expected 1 or more items, got []"]),
    (PARAMS, "embed.views", "three", ["expected an integer, got 'three'"]),
    (PARAMS, "scale", "big", ["expected 'cpu' or 'paper', got 'big'"]),
    (PARAMS, "threads", 0, ["expected more than 0, got 0"]),
    (PARAMS, "compute.engine", "spark", ["expected 'local' or 'ray', got 'spark'"]),
    # The methods of the main comparison
    (
        PARAMS,
        "methods",
        ["old", "new", "rmm"],
        ["expected rows of studies/overview.yaml, got 'rmm'; allowed: old, new,", "mean 'rm'?"],
    ),
    (PARAMS, "methods", ["old", "new", "rm_mcl"], ["rows of studies/overview.yaml, got 'rm_mcl'"]),
    (PARAMS, "methods", ["old", "rm"], ["expected 'new' among them, the reference of Gain"]),
    (PARAMS, "methods", ["old", "new", "old"], ["expected each once, got old more than once"]),
    (PARAMS, "seeds", [0, 1, 0], ["expected each once, got 0 more than once"]),
    (
        PARAMS,
        "presets",
        {"digits": True},
        ["expected that of dataset 'glyphs', got that of 'digits'"],
    ),
    (
        OVERVIEW,
        "panels.as_it_is.new",
        "old",
        ["panels.as_it_is.new: expected another method than old"],
    ),
    (
        OVERVIEW,
        "transforms.fct.modules.log_variance",
        ["old"],
        ["modules.log_variance: expected another name, got that of the predicted uncertainty"],
    ),
    (PARAMS, "methods", [], ["expected 1 or more items, got []"]),
    (PARAMS, "methods", "old", ["expected a list, got 'old'"]),
    # Encoders
    (OVERVIEW, "encoders.bct.bct_wieght", 1, ["unknown key", "mean 'bct_weight'?"]),
    (COMPATIBLE, "encoders.ract.los_weight", 1, ["unknown key", "mean 'loss_weight'?"]),
    (
        OVERVIEW,
        "encoders.old.network.stm",
        "large",
        ["unknown key; allowed: blocks,", "did you mean 'stem'?"],
    ),
    (COMPATIBLE, "encoders.ract.loss", "rcat", ["expected a known loss, got 'rcat'", "n 'ract'?"]),
    (COMPATIBLE, "encoders.ract.positives", "any", ["expected 'self' or 'class', got 'any'"]),
    (
        OVERVIEW,
        "encoders.old.trains_on",
        "extended_class/odl",
        ["a share of a split, got 'extended_class/odl'", "mean 'extended_class/old'?"],
    ),
    (SEQUENTIAL, "encoders.gen1.trains_on", "sequential/gen4", ["mean 'sequential/gen3'?"]),
    (OVERVIEW, "encoders.bct.teacher", "odl", ["an encoder, got 'odl'", "mean 'old'?"]),
    (OVERVIEW, "encoders.bct.teacher", "bct", ["expected another encoder, got 'bct'"]),
    (OVERVIEW, "encoders.bct.teacher", "side", ["an encoder with a classifier, got 'side'"]),
    (OVERVIEW, "encoders.old.teacher", "new", ["unknown key; allowed: batch_size, embedding_dim,"]),
    (OVERVIEW, "encoders.bct.embedding_dim", 7, ["expected 64, as 'old' has, got 7"]),
    (
        OVERVIEW,
        "encoders.new.starts_from",
        "odl",
        ["an encoder that is trained, got 'odl'", "'old'?"],
    ),
    (OVERVIEW, "encoders.new.starts_from", "new", ["expected another encoder, got 'new'"]),
    (OVERVIEW, "encoders.new.batch_size", 0, ["expected more than 0, got 0"]),
    (OVERVIEW, "encoders.new", 3, ["expected a mapping, got 3"]),
    (OVERVIEW, "encoders", 3, ["expected a mapping, got 3"]),
    # Splits
    (ALLOCATIONS, "splits.expansion.fractions", [0.3], ["unknown key", "did you mean 'fraction'?"]),
    (ALLOCATIONS, "splits.expansion.fraction", 1.5, ["expected at most 1, got 1.5"]),
    (ALLOCATIONS, "splits.expansion.allocation", "x", ["a known allocation, got 'x'", "open_clas"]),
    (SEQUENTIAL, "splits.sequential.fractions", [1.0], ["expected 2 or more items, got [1.0]"]),
    (SUBGROUPS, "splits.biased.minority", [], ["expected 1 or more items, got []"]),
    # Transforms
    (
        OVERVIEW,
        "transforms.rm.new",
        "knew",
        [
            "expected an encoder, or a module of a transform with keeps_views, got 'knew'",
            "mean 'new'?",
        ],
    ),
    (
        OVERVIEW,
        "transforms.rm.modules.psi",
        ["rhow"],
        ["expected an encoder or a module before it, got 'rhow'", "did you mean 'rho'?"],
    ),
    (OVERVIEW, "transforms.rm.after", None, ["expected a mapping, got None"]),
    (OVERVIEW, "transforms.rm.temprature", 1, ["unknown key", "did you mean 'temperature'?"]),
    (OVERVIEW, "transforms.rm.class_weight", 1, ["unknown key"]),  # of fastfill alone
    (OVERVIEW, "transforms.rm.seeds", [0, 1], ["expected one, or 3 as in `seeds`, got [0, 1]"]),
    (OVERVIEW, "transforms.fct.separate", True, ["unknown key"]),  # alignment sees one system
    (OVERVIEW, "transforms.old", {"like": "fct"}, ["expected a name that no encoder has"]),
    (OVERVIEW, "transforms.fct.modules", {}, ["expected 1 or more items, got {}"]),
    (ORDERS, "transforms.fastfill.class_weight", -1, ["expected at least 0, got -1"]),
    (
        LOSSES,
        "transforms.rm_mcl.uncertainty",
        "psi",
        ["expected the module that makes before.gallery, got 'psi'"],
    ),
    (
        OVERVIEW,
        "transforms.forward.uncertainty",
        "rho",
        ["expected the module that makes before.gallery, got 'rho'; allowed: h"],
    ),
    # Orders
    (ORDERS, "orders.margin.kind", "magrin", ["expected a known kind, got 'magrin'", "'margin'?"]),
    (ORDERS, "orders.margin.embeddings", "odl", ["an encoder, got 'odl'", "did you mean 'old'?"]),
    (ORDERS, "orders.margin.embeddings", "side", ["an encoder with a classifier, got 'side'"]),
    (ORDERS, "orders.margin.classifier", "side", ["an encoder with a classifier, got 'side'"]),
    (
        ORDERS,
        "orders.forward.transform",
        "rm",
        ["that predicts its uncertainty, got 'rm'", "forwa"],
    ),
    (ORDERS, "orders.forward.transform", "old", ["that predicts its uncertainty, got 'old'"]),
    (ORDERS, "orders.forward.embeddings", "old", ["unknown key; allowed: kind, transform"]),
    (OVERVIEW, "orders.random.embeddings", "old", ["unknown key; allowed: kind"]),
    (
        ORDERS,
        "orders.coverage.over",
        "forwrd/h",
        ["an embedding set, got 'forwrd/h'", "'forward/h"],
    ),
    (ORDERS, "orders.coverage.scores.transform", "forward", ["unknown key; allowed: classifier,"]),
    (
        ORDERS,
        "orders.coverage.scores.classifier",
        "side",
        ["an encoder with a classifier, got 'si"],
    ),
    (
        ORDERS,
        "orders.forward_coverage.scores.transform",
        "rm",
        ["a transform that predicts its uncertainty, got 'rm'"],
    ),
    (ORDERS, "orders.coverage.scores.kind", "random", ["expected a known kind, got 'random'"]),
    (ORDERS, "orders.coverage.scored_share", 1.5, ["expected at most 1, got 1.5"]),
    # Methods and merges
    (OVERVIEW, "methods.rm.study", "overview", ["unknown key; allowed: after, arrivals, before,"]),
    (OVERVIEW, "methods.rm.panel", "refind", ["a panel of this study, got", "mean 'refined'?"]),
    (OVERVIEW, "methods.rm.order", "randon", ["an order, got 'randon'", "did you mean 'random'?"]),
    (OVERVIEW, "methods.rm.arrivals", 1.0, ["expected less than 1, got 1"]),
    (FUSION, "methods.fusion_isotonic.merge.kind", "isotnic", ["a known kind, got 'isotnic'"]),
    (FUSION, "methods.fusion_isotonic.merge.background", 3, ["unknown key; allowed: kind, seed"]),
    # Studies
    (
        OVERVIEW,
        "panels.as_it_is.new",
        "nwe",
        ["expected a method, got 'nwe'", "did you mean 'new'?"],
    ),
    (OVERVIEW, "panels", {}, ["expected 1 or more items, got {}"]),
    (OVERVIEW, "qestion", "x", ["unknown key", "did you mean 'question'?"]),
    (FORWARD, "figure", "x", ["expected 'sequential', 'subgroups' or 'ablations', got 'x'"]),
    (FORWARD, "sized", 3, ["expected a mapping, got 3"]),
    (FORWARD, "sized.glyfs", {}, ["expected a dataset, got 'glyfs'", "did you mean 'glyphs'?"]),
    (
        FORWARD,
        "sized.glyphs.encoders.sid",
        {"epochs": 3},
        ["expected a row of this file's encoders, got 'sid'; allowed: side"],
    ),
    (
        FORWARD,
        "methods.forward_no_rho_study.label",
        "cl before alone",
        ["a label of its own, got 'cl before alone', which is forward_cl_study's too"],
    ),
]


@pytest.mark.parametrize(
    ("file", "key", "value", "parts"), CASES, ids=[f"{key}={value}" for _, key, value, _ in CASES]
)
def test_a_mistake_names_file_key_value_and_what_is_allowed(
    files: Files, file: str, key: str, value: object, parts: list[str]
) -> None:
    if isinstance(value, str | int) and key.startswith("encoders.old.network"):
        files.set(file, "encoders.old.network", SMALL | {"embedding_dim": 64})
    if key.startswith("methods.fusion_isotonic.merge."):
        files.set(file, "methods.fusion_isotonic.merge", {"kind": "isotonic"})
    files.set(file, key, value)
    first = files.mistakes()[0]
    assert first.startswith(f"{file}: {key}: ")
    for part in parts:
        assert part in first


@pytest.mark.parametrize(
    ("network", "text"),
    [
        (VIT | {"patch": 5}, "patch: expected a divisor of image_size, 32, got 5"),
        (VIT | {"heads": 5}, "heads: expected a divisor of width, 8, got 5"),
    ],
)
def test_a_transformer_cuts_images_and_tokens_evenly(
    files: Files, network: dict[str, Any], text: str
) -> None:
    files.set(OVERVIEW, "encoders.old.network", network)
    assert files.mistakes() == [f"{OVERVIEW}: encoders.old.network: {text}"]


@pytest.mark.parametrize(
    ("file", "key"),
    [
        (PARAMS, "train.momentum"),
        (PARAMS, "train.network.width"),
        (PARAMS, "device"),
        (ALLOCATIONS, "splits.expansion.fraction"),
        (SUBGROUPS, "splits.biased.minority"),
        (OVERVIEW, "encoders.old.loss"),
        (OVERVIEW, "encoders.bct.teacher"),
        (COMPATIBLE, "encoders.ract.teacher"),
        (OVERVIEW, "transforms.rm.after"),
        (OVERVIEW, "transforms.rm.modules"),
        (OVERVIEW, "transforms.rm.loss"),
        (ORDERS, "orders.margin.embeddings"),
        (ORDERS, "orders.forward.transform"),
        (ORDERS, "orders.coverage.over"),
        (ORDERS, "orders.coverage.scores"),
        (ORDERS, "orders.oracle_rm.after"),
        (OVERVIEW, "methods.rm.before"),
        (OVERVIEW, "panels.as_it_is.old"),
        (OVERVIEW, "panels"),
        (OVERVIEW, "question"),
    ],
)
def test_what_a_kind_of_row_needs_is_missing(files: Files, file: str, key: str) -> None:
    files.delete(file, key)
    assert files.mistakes()[0] == f"{file}: {key}: missing"


def test_fastfill_needs_an_uncertainty(files: Files) -> None:
    files.set(OVERVIEW, "transforms.fct.loss", "fastfill")
    assert files.mistakes() == [f"{OVERVIEW}: transforms.fct.uncertainty: missing"]


def test_fastfill_needs_a_classifier(files: Files) -> None:
    files.set(ORDERS, "transforms.fastfill.new", "side")
    expected = "transforms.fastfill.new: expected an encoder with a classifier, got 'side'"
    assert files.mistakes()[0].startswith(f"{ORDERS}: {expected}")


def test_groups_are_shown_of_a_study_that_names_them(files: Files) -> None:
    files.delete(SUBGROUPS, "minority")
    assert files.mistakes() == [f"{SUBGROUPS}: minority: missing; the figure shows these groups"]


@pytest.mark.parametrize(
    ("pair", "text"),
    [
        (["forward", "rmm"], "expected a label of this study, got 'rmm'"),
        (["forward", "forward"], "expected two labels of one panel, got ['forward', 'forward']"),
        (["forward"], "missing"),
    ],
)
def test_two_labels_of_a_study_are_compared(files: Files, pair: list[str], text: str) -> None:
    files.set(FORWARD, "compare", [pair])
    (mistake,) = files.mistakes()
    assert mistake.startswith(f"{FORWARD}: compare.0")
    assert text in mistake


def test_labels_of_different_panels_are_not_compared(files: Files) -> None:
    files.set(ORDERS, "compare", [["least_confidence (ract)", "predicted"]])
    assert files.mistakes() == [
        f"{ORDERS}: compare.0: expected two labels of one panel, got "
        "['least_confidence (ract)', 'predicted']"
    ]


def test_a_classifier_meets_embeddings_as_wide_as_its_own(files: Files) -> None:
    files.set(COMPATIBLE, "encoders.ract.network", SMALL)
    mistakes = files.mistakes()
    assert (
        f"{COMPATIBLE}: encoders.ract.embedding_dim: expected 64, as 'old' has, got 7" in mistakes
    )
    key = "orders.ract_margin.classifier"
    assert f"{ORDERS}: {key}: expected 64 dimensions, as 'old' has, got 7" in mistakes


def test_scores_of_spaces_of_different_size_can_be_distilled(files: Files) -> None:
    files.set(COMPATIBLE, "encoders.focal_distillation.network", SMALL)
    settings = files.load("compatible")
    row = settings.catalogue.encoders["focal_distillation"]
    assert row.training(settings.params.train).network.embedding_dim == 7


def test_a_name_is_fit_for_a_file_and_a_column(files: Files) -> None:
    files.set(OVERVIEW, "encoders.Bad-Name", {})
    expected = "expected lower-case letters, digits and underscores, got 'Bad-Name'"
    assert f"{OVERVIEW}: encoders.Bad-Name: {expected}" in files.mistakes()


def test_all_mistakes_of_all_files_come_in_one_error(files: Files) -> None:
    files.set(OVERVIEW, "methods.rm_naive.order", "x")
    files.set(OVERVIEW, "methods.bct.before", "y -> old")
    files.set(COMPATIBLE, "encoders.ract.teacher", "z")
    files.set(OVERVIEW, "panels.as_it_is.old", "oldest")
    files.set(PARAMS, "train.processes", 2)
    alone = files.mistakes("overview", "compatible")
    assert [line.partition(": expected")[0] for line in alone] == [f"{PARAMS}: train.processes"]
    files.set(PARAMS, "train.processes", 1)
    keys = [line.partition(": expected")[0] for line in files.mistakes("overview", "compatible")]
    assert keys == [
        f"{COMPATIBLE}: encoders.ract.teacher",
        f"{OVERVIEW}: methods.rm_naive.order",
        f"{OVERVIEW}: methods.bct.before.query",
        f"{OVERVIEW}: panels.as_it_is.old",
    ]


def test_several_mistakes_of_one_file_come_in_one_error(files: Files) -> None:
    files.delete(PARAMS, "train.momentum")
    files.delete(PARAMS, "train.network.width")
    assert files.mistakes() == [
        f"{PARAMS}: train.network.width: missing",
        f"{PARAMS}: train.momentum: missing",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [1", "expected valid YAML"), ("- 1", "expected"), ("", "expected"), ("\x00", "YAML")],
)
@pytest.mark.parametrize("file", [PARAMS, OVERVIEW])
def test_a_file_that_is_not_a_mapping_is_one_error(
    files: Files, file: str, text: str, message: str
) -> None:
    Path(file).write_text(text)
    mistakes = files.mistakes("overview")
    assert len(mistakes) == 1
    assert mistakes[0].startswith(f"{file}: ")
    assert message in mistakes[0]


def test_a_file_that_is_not_there_is_one_error(files: Files) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml: expected a YAML file, got no such file"):
        load("absent.yaml")
    with pytest.raises(InputError, match=r"^studies: expected a study, got 'absent'; allowed: abl"):
        load(PARAMS, ["absent"])


def test_where_the_work_runs_is_read_without_the_rest(files: Files) -> None:
    files.set(PARAMS, "methods", "wrong")
    files.set(PARAMS, "compute.workers", 3)
    assert load_compute(Path(PARAMS)).workers == 3
    files.set(PARAMS, "compute.workers", 0)
    with pytest.raises(InputError, match=r"compute: workers: expected more than 0, got 0"):
        load_compute(Path(PARAMS))
    files.delete(PARAMS, "compute")
    assert load_compute(Path(PARAMS)).engine == "local"


def test_params_can_be_read_without_studies(files: Files) -> None:
    Path(OVERVIEW).unlink()
    assert load_params().dataset.name == "glyphs"


def test_weights_start_from_an_encoder_of_the_same_network(files: Files) -> None:
    files.set(OVERVIEW, "encoders.first", {"like": "old", "network": SMALL | {"embedding_dim": 64}})
    files.set(OVERVIEW, "encoders.new.starts_from", "first")
    assert (
        f"{OVERVIEW}: encoders.new.starts_from: expected an encoder with this row's network, "
        "resnet of blocks [1, 1, 1], width 16, embedding_dim 64, got 'first' with "
        "resnet of blocks [1], width 4, embedding_dim 64"
    ) in files.mistakes()
    files.set(OVERVIEW, "encoders.new.network", SMALL | {"embedding_dim": 64})
    files.load()


def test_focal_distillation_of_features_compares_embeddings_of_one_size(files: Files) -> None:
    files.set(COMPATIBLE, "encoders.focal_distillation.network", SMALL)
    files.set(COMPATIBLE, "encoders.focal_distillation.reading", "features")
    assert files.mistakes() == [
        f"{COMPATIBLE}: encoders.focal_distillation.embedding_dim: expected 64, as 'old' has, got 7"
    ]
