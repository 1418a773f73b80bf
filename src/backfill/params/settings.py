"""params.yaml: what is compared, on what, and how it is trained and measured."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PositiveFloat,
    TypeAdapter,
)

from backfill.datasets import DatasetSettings
from backfill.params.base import Count, Name, Section, Seed, each_once
from backfill.params.networks import Network


class Augment(Section):
    """Random changes of a training image, drawn anew at each use.

    Attributes:
        crop_padding: largest shift, in pixels.
        flip: whether half of the images are mirrored.
        alternating: whether they are mirrored in every second epoch instead of by chance.
    """

    crop_padding: Annotated[int, Field(ge=0)]
    flip: bool
    alternating: bool = False

    @property
    def by_chance(self) -> bool:
        """Whether each use of an image draws if it is mirrored."""
        return self.flip and not self.alternating


class Train(Section):
    """How encoders are trained; a row may override network, epochs, optimizer and step size.

    Attributes:
        processes: how many share each batch, with compute.engine ray.
        optimizer: `muon` is Muon for the network's filters and matrices and SGD for all else.
        classifier_scale: factor on the classifier's cosines.
        label_smoothing: share of each label that is spread over all classes.
    """

    network: Network
    epochs: Count
    batch_size: Count
    processes: Count = 1
    optimizer: Literal["sgd", "adam", "muon"]
    learning_rate: PositiveFloat
    momentum: Annotated[float, Field(ge=0, lt=1)]
    weight_decay: Annotated[float, Field(ge=0)]
    schedule: Literal["one_cycle", "cosine", "step"]
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    step_epochs: Count = 30
    classifier_scale: PositiveFloat
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    augment: Augment


class Embed(Section):
    """How stored embeddings are made.

    Attributes:
        views: augmented views of the training set.
        batch_size: images at a time.
        seed: of the views.
    """

    views: Count
    batch_size: Count
    seed: Seed


ClosedForm = Literal["ridge", "procrustes", "residual"]


class TransformTraining(Section):
    """How transforms are trained; a row may override any of it.

    Attributes:
        form: what a module is. `residual`: a closed form plus a learned network that starts at
            zero; `layers`: a learned network alone, as published; `projections`: FCT's released
            network, whose mixer is `width` wide; `closed`: a closed form alone, which no training
            changes.
        closed_form: fitted from what a module reads to what it is compared with; `residual`, which
            is not linear, with the form `closed`.
        depth: linear layers of the learned network, with batch normalisation and ReLU in between.
        width: of its hidden layers.
        steps: of the training, at most.
        held_out: share of the classes (of the items, for a loss without labels) that say after how
            many of the steps `residual` is best; 0: all steps are made.
        anchor: weight of the squared distance that modules of the form `residual` put between an
            example that is halfway from one item to another and where its closed form has it. It
            keeps what training does to its classes from spreading to others; losses without labels
            have no need of it.
        checks: how often in a training.
        floor: what retrieval among held-out classes may not fall below: `old`, the old system, or
            `closed_form`, which allows less.
        warmup_fraction: share of the steps in which the learning rate rises from near zero.
        settled_fraction: share of the steps, the last ones, in which batch normalisation keeps the
            statistics that it has.
    """

    form: Literal["residual", "layers", "projections", "closed"] = "residual"
    closed_form: ClosedForm = "ridge"
    depth: Count
    width: Count
    steps: Count
    held_out: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    anchor: Annotated[float, Field(ge=0)] = 1.0
    checks: Count = 10
    floor: Literal["old", "closed_form"] = "old"
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    settled_fraction: Annotated[float, Field(ge=0, lt=1)] = 0.0
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: PositiveFloat
    weight_decay: Annotated[float, Field(ge=0)]
    temperature: PositiveFloat
    mining: bool
    views: Literal["same", "independent"]


def _some_or_all(value: object) -> object:
    # One message, where a union would give one for each of its members.
    if value == "all" or (type(value) is int and value >= 2):
        return value
    raise ValueError("expected an integer of at least 2, or all")


def _search(value: str) -> str:
    if not re.fullmatch(r"whole|nearest|(IVF|HNSW)\d\S*", value):
        raise ValueError("expected whole, nearest, or an index such as IVF1024,Flat or HNSW32")
    return value


class Evaluate(Section):
    """How a method's curve is measured.

    Attributes:
        checkpoints: backfill fractions, from 0 to 1; all: after every item.
        top_k: the k of CMC@k.
        map_at: cut-off of mAP; none: what the benchmark's protocol says.
        search: `whole`, the ranking of the whole gallery; `nearest`, its first `map_at` places,
            in one pass over galleries that stay on disk; or faiss's description of an index (IVF,
            HNSW) that is searched for these places approximately.
        effort: cells or candidates that a search of an index visits.
        distance_bins: bins of the histograms of distances.
    """

    checkpoints: Annotated[int | Literal["all"], BeforeValidator(_some_or_all)]
    top_k: Annotated[list[Count], Field(min_length=1)]
    map_at: Count | None
    search: Annotated[str, AfterValidator(_search)] = "whole"
    effort: Count = 32
    distance_bins: Count


class Compute(Section):
    """Where the work runs; it changes no result beyond rounding.

    Attributes:
        engine: this machine alone, or a Ray cluster.
        address: of a running cluster; none: one is started for each stage.
        workers: tasks at a time; none: one for each CPU.
    """

    engine: Literal["local", "ray"] = "local"
    address: str | None = None
    workers: Count | None = None


class Report(Section):
    """How results are summarised.

    Attributes:
        bootstrap_resamples: of each interval.
        confidence: share of the resamples that an interval holds.
        seed: of the resamples.
    """

    bootstrap_resamples: Count
    confidence: Annotated[float, Field(gt=0, lt=1)]
    seed: Seed


def _one_preset(presets: dict[str, bool]) -> dict[str, bool]:
    """A preset on top of another one leaves some of the other's values behind."""
    chosen = [name for name, is_set in presets.items() if is_set]
    if len(chosen) > 1:
        raise ValueError(
            f"expected one dataset's preset, got {' on top of '.join(reversed(chosen))}; "
            "`git restore params.yaml` takes the first one back"
        )
    return presets


def _names_or_all(value: object) -> object:
    # One message, where a union would give one for each of its members.
    if value == "all":
        return value
    return _NAMES.validate_python(value)


MAIN = "overview"  # the main comparison, unless `study` says otherwise
_NAMES = TypeAdapter(Annotated[list[Name], Field(min_length=1), AfterValidator(each_once)])


class Params(Section):
    """All of params.yaml.

    Attributes:
        study: the main comparison, a file of studies/; none: overview.
        methods: its rows that the main comparison shows, in this order; or `all` of them.
        presets: the preset of conf/dataset/ that set the size of things, if one did.
        scale: the preset that sizes were taken from; studies adapt their rows to it.
        device: `auto`, `cpu`, `cuda`, ...
        threads: of every stage that computes; part of the result, as threads change the order in
            which floating-point numbers are added.
        draws: independent draws of every encoder, and of all that is made from it; rows with
            fewer seeds have fewer draws.
        seeds: of everything that is trained or drawn several times from one draw of the encoders.
    """

    study: Name | None = None
    methods: Annotated[list[Name] | Literal["all"], BeforeValidator(_names_or_all)]
    dataset: DatasetSettings
    presets: Annotated[dict[Name, bool], AfterValidator(_one_preset)] = {}
    scale: Literal["cpu", "paper"] = "cpu"
    device: str
    threads: Count
    draws: Count = 1
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(each_once)]
    compute: Compute = Compute()
    train: Train
    embed: Embed
    transform: TransformTraining
    evaluate: Evaluate
    report: Report

    @property
    def main(self) -> str:
        """The study that is the main comparison."""
        return self.study or MAIN
