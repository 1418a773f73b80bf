"""params.yaml is checked as a whole: one error with every mistake, its key and value."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from backfill import params
from backfill.compose import composed, main
from backfill.errors import InputError

ROOT = Path(__file__).parents[1]
DEFAULTS = yaml.load((ROOT / "params.yaml").read_text(), Loader=yaml.CSafeLoader)
VIT = {
    "family": "vit", "image_size": 32, "patch": 4, "depth": 1, "width": 8, "heads": 2,
    "embedding_dim": 64,
}  # fmt: skip


@pytest.fixture
def raw() -> dict[str, Any]:
    return copy.deepcopy(DEFAULTS)


def error_of(raw: dict[str, Any]) -> str:
    with pytest.raises(InputError) as found:
        params.validate(raw)
    return str(found.value)


def test_params_yaml_is_what_conf_composes_by_default() -> None:
    assert composed(conf=ROOT / "conf") == DEFAULTS


@pytest.mark.parametrize("dataset", ["glyphs", "cifar100", "digits", "folder"])
@pytest.mark.parametrize("scale", ["cpu", "paper"])
def test_every_composition_is_valid(dataset: str, scale: str) -> None:
    overrides = [f"dataset={dataset}", f"scale={scale}"]
    chosen = params.validate(composed(overrides, ROOT / "conf"))
    assert chosen.dataset.name == dataset
    assert "rm/psi" in chosen.embedding_sets()


def test_the_paper_scale_is_the_published_one() -> None:
    chosen = params.validate(composed(["dataset=cifar100", "scale=paper"], ROOT / "conf"))
    # But for one study, of other architectures.
    for name in set(chosen.encoders) - {"small_old", "vit"}:
        training = chosen.encoders[name].training(chosen.train)
        assert (training.network.blocks, training.network.width) == ([2, 2, 2, 2], 64), name
        assert training.epochs == 200, name


def test_composing_keeps_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    main(["dataset=digits", "embed.views=2"])
    text = (tmp_path / "params.yaml").read_text()
    assert params.load(tmp_path / "params.yaml").dataset.name == "digits"
    assert params.load(tmp_path / "params.yaml").embed.views == 2
    assert "# augmented views of the training set" in text
    with pytest.raises(InputError, match="nonsense"):
        main(["dataset=nonsense"])


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        (["evaluate", "checkpionts"], 5, ["evaluate.checkpionts: unknown key", "'checkpoints'"]),
        (["evaluate", "checkpoints"], "many", ["evaluate.checkpoints: 'many'", "2, or all"]),
        (["evaluate", "checkpoints"], 1, ["evaluate.checkpoints: 1", "at least 2"]),
        (["encoders", "bct", "los_weight"], 1, ["encoders.bct.los_weight", "'loss_weight'"]),
        (["train", "network", "widht"], 1, ["train.network.widht: unknown key", "'width'"]),
        (["train", "network", "width"], "x", ["train.network.width: 'x'", "integer"]),
        (["train", "network", "family"], "mlp", ["train.network", "mlp", "'resnet', 'vit'"]),
        (
            ["encoders", "old", "network"],
            {"family": "resnet", "blocks": [1], "width": 4, "embedding_dim": 64, "stm": "large"},
            ["encoders.old.network.stm: unknown key; allowed: blocks,", "'stem'"],
        ),
        (["encoders", "old", "network"], VIT | {"patch": 5}, ["patch: 5", "image_size, 32"]),
        (["encoders", "old", "network"], VIT | {"heads": 5}, ["heads: 5", "divisor of width, 8"]),
        (["train", "optimizer"], "adamw", ["train.optimizer: 'adamw'", "'sgd' or 'adam'"]),
        (["encoders", "ract", "loss"], "rcat", ["encoders.ract.loss: 'rcat'", "'ract'"]),
        (["encoders", "ract", "positives"], "any", ["encoders.ract.positives", "'class'"]),
        (
            ["splits", "expansion", "fractions"],
            [0.3],
            ["splits.expansion.fractions: unknown key", "did you mean 'fraction'?"],
        ),
        (["splits", "expansion", "fraction"], 1.5, ["splits.expansion.fraction: 1.5", "than or"]),
        (["splits", "sequential", "fractions"], [1.0], ["splits.sequential.fractions", "least 2"]),
        (["splits", "expansion", "allocation"], "x", ["splits.expansion", "'open_class'"]),
        (
            ["encoders", "old", "trains_on"],
            "extended_class/odl",
            ["encoders.old.trains_on: 'extended_class/odl'", "did you mean 'extended_class/old'?"],
        ),
        (["encoders", "gen1", "trains_on"], "sequential/gen4", ["'sequential/gen3'"]),
        (["methods", "rm", "study"], "overvew", ["methods.rm.study", "did you mean 'overview'?"]),
        (["methods", "rm", "panel"], "al", ["methods.rm.panel: 'al'", "did you mean 'all'?"]),
        (
            ["studies", "overview", "panels", "all", "new"],
            "nwe",
            ["studies.overview.panels.all.new: 'nwe' is no method of this panel", "'new'?"],
        ),
        (["transforms", "rm", "temprature"], 1, ["transforms.rm.temprature", "'temperature'"]),
        (["dataset", "clases"], 10, ["dataset.clases: unknown key", "'classes'"]),
        (["sead"], 1, ["sead: unknown key", "'seeds'"]),
        (["embed", "views"], "three", ["embed.views: 'three'", "integer"]),
        (["train", "learning_rate"], -1, ["train.learning_rate: -1", "greater than 0"]),
        (
            ["train", "schedule"],
            "linear",
            ["train.schedule: 'linear'", "'one_cycle', 'cosine' or 'step'"],
        ),
        (["dataset", "name"], "mnist", ["dataset", "mnist", "cifar100"]),
        (["methods", "rm", "order"], "randon", ["methods.rm.order: 'randon'", "'random'"]),
        (
            ["methods", "rm", "before", "query"],
            "rm/phi",
            ["methods.rm.before.query: 'rm/phi' is no embedding set", "did you mean 'rm/psi'?"],
        ),
        (
            ["encoders", "bct", "needs"],
            "embeddings/odl",
            ["encoders.bct.needs: 'embeddings/odl'", "did you mean 'embeddings/old'?"],
        ),
        (["encoders", "bct", "needs"], "split/train", ["encoders.bct.needs: 'split/train'"]),
        (["encoders", "bct", "needs"], "embeddings/bct", ["encoders.bct.needs: 'embeddings/bct'"]),
        (["encoders", "bct", "needs"], "embeddings/side", ["'embeddings/side' has no classifier"]),
        (["encoders", "old", "needs"], "embeddings/new", ["encoders.old.needs", "split/train"]),
        (
            ["encoders", "bct", "network"],
            {"family": "resnet", "blocks": [1], "width": 4, "embedding_dim": 7},
            ["encoders.bct.network.embedding_dim: 7, but embeddings/old has 64"],
        ),
        (["transforms", "rm", "new"], "knew", ["transforms.rm.new: 'knew'", "'new'"]),
        (["transforms", "rm", "modules", "psi"], ["rhow"], ["'rhow'", "'rho'"]),
        (["transforms", "rm", "after"], None, ["transforms.rm.after: missing"]),
        (["transforms", "fct", "before", "gallery"], "g", ["transforms.fct.before.gallery: 'g'"]),
        (["transforms", "fct", "loss"], "fastfill", ["transforms.fct.uncertainty: missing"]),
        (
            ["transforms", "fastfill", "new"],
            "side",
            ["transforms.fastfill.new: 'side' has no classifier, which loss 'fastfill' needs"],
        ),
        (
            ["transforms", "forward", "uncertainty"],
            "rho",
            ["transforms.forward.uncertainty: 'rho' is no module that makes before.gallery", "h"],
        ),
        (["transforms", "rm_mcl", "uncertainty"], "psi", ["transforms.rm_mcl.uncertainty: 'psi'"]),
        (
            ["transforms", "fct", "separate"],
            True,
            ["transforms.fct.separate: loss 'alignment' leaves the query's module nothing"],
        ),
        (
            ["transforms", "rm", "seeds"],
            [0, 1],
            ["transforms.rm.seeds: [0, 1], expected one, or 3 as in `seeds`"],
        ),
        (["transforms", "rm", "class_weight"], -1, ["transforms.rm.class_weight: -1"]),
        (["orders", "margin", "kind"], "magrin", ["orders.margin.kind: 'magrin'", "'margin'"]),
        (
            ["orders", "margin", "needs"],
            "embeddings/odl",
            ["orders.margin.needs: 'embeddings/odl'", "did you mean 'embeddings/old'?"],
        ),
        (
            ["orders", "margin", "by"],
            "embeddings/side",
            ["orders.margin.by: 'embeddings/side' is no source of a classifier"],
        ),
        (
            ["encoders", "ract", "network"],
            {"family": "resnet", "blocks": [1], "width": 4, "embedding_dim": 7},
            ["orders.ract_margin.by: 'embeddings/ract' has 7 dimensions, but embeddings/old has"],
        ),
        (
            ["orders", "forward", "needs"],
            "embeddings/rm",
            ["orders.forward.needs: 'embeddings/rm' is no input of this order", "embeddings/fast"],
        ),
        (["orders", "forward", "by"], "embeddings/old", ["orders.forward.by: 'embeddings/old'"]),
        (["orders", "random", "needs"], "embeddings/old", ["orders.random.needs"]),
        (["encoders", "Bad-Name"], {}, ["encoders.Bad-Name"]),
        (["seeds"], [], ["seeds"]),
    ],
)
def test_a_mistake_names_key_value_and_what_is_allowed(
    raw: dict[str, Any], path: list[str], value: object, parts: list[str]
) -> None:
    section = raw
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    message = error_of(raw)
    assert message.startswith("params.yaml: ")
    for part in parts:
        assert part in message


def test_all_mistakes_come_in_one_error(raw: dict[str, Any]) -> None:
    raw["methods"]["rm"]["order"] = "x"
    raw["methods"]["bct"]["before"]["query"] = "y"
    del raw["methods"]["old"]
    message = error_of(raw)
    assert "3 mistakes" in message
    for key in (
        "methods.rm.order",
        "methods.bct.before.query",
        "studies.overview.panels.all.old: 'old' is no method of this panel",
    ):
        assert key in message


def test_a_missing_key_is_named(raw: dict[str, Any]) -> None:
    del raw["train"]["momentum"]
    del raw["train"]["network"]["width"]
    message = error_of(raw)
    assert "train.momentum: missing" in message
    assert "train.network.width: missing" in message


def test_a_row_overrides_what_all_encoders_share(raw: dict[str, Any]) -> None:
    raw["encoders"]["new"] |= {"network": VIT, "epochs": 7, "learning_rate": 0.01}
    raw["encoders"]["bct"] |= {"network": raw["train"]["network"]}
    chosen = params.validate(raw)
    new, old = (chosen.encoders[name].training(chosen.train) for name in ("new", "old"))
    assert (new.network.family, new.epochs, new.learning_rate) == ("vit", 7, 0.01)
    assert new.batch_size == old.batch_size
    assert old == chosen.train


def test_scores_of_spaces_of_different_size_can_be_distilled(raw: dict[str, Any]) -> None:
    wide = {"family": "resnet", "blocks": [1], "width": 4, "embedding_dim": 7}
    raw["encoders"]["focal_distillation"]["network"] = wide
    chosen = params.validate(raw)
    row = chosen.encoders["focal_distillation"]
    assert row.training(chosen.train).network.embedding_dim == 7


def test_a_transform_may_not_take_an_encoders_name(raw: dict[str, Any]) -> None:
    raw["transforms"]["new"] = raw["transforms"]["fct"]
    assert "transforms.new: the name is taken" in error_of(raw)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [1", "not valid YAML"), ("- 1", "params.yaml"), ("", "params.yaml")],
)
def test_a_file_that_is_no_mapping_is_one_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        params.load(path)
    with pytest.raises(InputError, match=r"absent\.yaml: cannot be read"):
        params.load(tmp_path / "absent.yaml")
