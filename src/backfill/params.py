"""params.yaml as one validated, typed, frozen object.

Every stage reads its settings through :func:`load`, which checks the whole file: unknown keys,
wrong types, and names (of encoders, modules, orders, embedding sets) that nothing makes are all
reported together, each with its key, its value, what is allowed, and the nearest known name.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from backfill.datasets import DatasetSettings
from backfill.errors import InputError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Fraction = Annotated[float, Field(gt=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
# A name becomes a file name, a DVC stage name and a column: letters, digits and underscores.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


# What `needs` says where nothing else is needed: every row has it, as DVC cannot leave it out.
NOTHING_ELSE = "split/train"


class Section(BaseModel):
    """Base of every section: unknown keys are errors, values cannot change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FractionSplit(Section):
    """The old encoder sees `fraction` of the classes, or of every class's images."""

    allocation: Literal["extended_class", "open_class", "expansion", "open_data"]
    fraction: Fraction
    seed: Seed

    @property
    def parts(self) -> list[str]:
        """Names of the parts of the training set."""
        return ["old", "new"]


class SequentialSplit(Section):
    """Generations see growing, nested shares of every class."""

    allocation: Literal["sequential"]
    fractions: Annotated[list[Fraction], Field(min_length=2)]
    seed: Seed

    @property
    def parts(self) -> list[str]:
        """Names of the parts of the training set."""
        return [f"gen{g}" for g in range(len(self.fractions))]


class BiasedSplit(Section):
    """The old encoder sees only `fraction` of the images of the `minority` groups."""

    allocation: Literal["biased"]
    minority: Annotated[list[str], Field(min_length=1)]
    fraction: Annotated[float, Field(ge=0, lt=1)]
    seed: Seed

    @property
    def parts(self) -> list[str]:
        """Names of the parts of the training set."""
        return ["old", "new"]


Split = Annotated[FractionSplit | SequentialSplit | BiasedSplit, Field(discriminator="allocation")]


class ResNet(Section):
    """A residual network; `blocks` a group, the first `width` channels wide."""

    family: Literal["resnet"]
    blocks: Annotated[list[PositiveInt], Field(min_length=1)]
    width: PositiveInt
    embedding_dim: PositiveInt
    stem: Literal["small", "large"] = "small"


class Vit(Section):
    """A vision transformer of `depth` layers on square patches, tokens `width` wide."""

    family: Literal["vit"]
    image_size: PositiveInt
    patch: PositiveInt
    depth: PositiveInt
    width: PositiveInt
    heads: PositiveInt
    embedding_dim: PositiveInt

    @model_validator(mode="after")
    def _divisible(self) -> Vit:
        for part, whole in (("patch", "image_size"), ("heads", "width")):
            if getattr(self, whole) % getattr(self, part):
                raise ValueError(
                    f"{part}: {getattr(self, part)}, expected a divisor of {whole}, "
                    f"{getattr(self, whole)}"
                )
        return self


Network = Annotated[ResNet | Vit, Field(discriminator="family")]


class Augment(Section):
    """Random changes of a training image, drawn anew at each use."""

    crop_padding: Annotated[int, Field(ge=0)]
    flip: bool


class Train(Section):
    """The training loop; a row of `encoders` may override its network, epochs and step sizes.

    ranks: processes that share each batch, with engine ray.
    """

    network: Network
    epochs: PositiveInt
    batch_size: PositiveInt
    ranks: PositiveInt = 1
    optimizer: Literal["sgd", "adam"]
    learning_rate: PositiveFloat
    momentum: Annotated[float, Field(ge=0, lt=1)]
    weight_decay: Annotated[float, Field(ge=0)]
    schedule: Literal["one_cycle", "cosine", "step"]
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    step_epochs: PositiveInt = 30
    classifier_scale: PositiveFloat
    augment: Augment


class Encoder(Section):
    """One row of `encoders`: what it trains on, with which loss, as which network."""

    trains_on: str
    needs: str
    loss: Literal[
        "classification",
        "nt_xent",
        "bct",
        "vanilla",
        "ract",
        "ract_split",
        "triplet",
        "ract_triplet",
        "bct_ract",
        "focal_distillation",
        "lwf",
    ]
    seed: Seed
    loss_weight: Annotated[float, Field(ge=0)] = 1.0
    bct_weight: Annotated[float, Field(ge=0)] = 1.0
    temperature: PositiveFloat = 0.5
    temperature_new: PositiveFloat | None = None
    eta: Annotated[float, Field(ge=0)] = 1.0
    margin: Annotated[float, Field(ge=0)] = 0.8
    positives: Literal["self", "class"] = "self"
    focus: Annotated[float, Field(ge=0)] = 5.0
    epochs: PositiveInt | None = None
    optimizer: Literal["sgd", "adam"] | None = None
    learning_rate: PositiveFloat | None = None
    network: Network | None = None
    embedding_dim: PositiveInt | None = None  # of the network, shared or own

    @property
    def teacher(self) -> str | None:
        """The encoder whose stored embeddings and classifier this one needs, if any."""
        return self.needs.removeprefix("embeddings/") if self.needs != NOTHING_ELSE else None

    @property
    def supervised(self) -> bool:
        """Whether it has a classifier."""
        return self.loss != "nt_xent"

    def training(self, shared: Train) -> Train:
        """The shared training settings with this row's overrides."""
        keys = ("epochs", "optimizer", "learning_rate", "network")
        own = {key: getattr(self, key) for key in keys if getattr(self, key) is not None}
        training = shared.model_copy(update=own)
        if self.embedding_dim is None:
            return training
        network = training.network.model_copy(update={"embedding_dim": self.embedding_dim})
        return training.model_copy(update={"network": network})


class Embed(Section):
    """How stored embeddings are made."""

    views: PositiveInt
    batch_size: PositiveInt
    seed: Seed


class Pair(Section):
    """A retrieval system: the embedding set of the queries and that of the gallery."""

    query: str
    gallery: str


class TransformTraining(Section):
    """How transforms are trained; a row of `transforms` may override any of it."""

    depth: PositiveInt
    width: PositiveInt
    epochs: PositiveInt
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: PositiveFloat
    weight_decay: Annotated[float, Field(ge=0)]
    temperature: PositiveFloat
    mining: bool
    views: Literal["same", "independent"]


class Transform(Section):
    """One row of `transforms`: what it trains, on what, and which systems its loss compares."""

    old: str
    new: str
    trains_on: str
    needs: str
    modules: Annotated[dict[Name, list[str]], Field(min_length=1)]
    loss: Literal["alignment", "cl", "cl_both", "mcl", "fastfill"]
    before: Pair
    after: Pair | None = None
    uncertainty: str | None = None
    class_weight: Annotated[float, Field(ge=0)] = 1.0
    separate: bool = False
    seeds: Annotated[list[Seed], Field(min_length=1)] | None = None
    dim: PositiveInt | None = None
    depth: PositiveInt | None = None
    width: PositiveInt | None = None
    epochs: PositiveInt | None = None
    batch_size: Annotated[int, Field(ge=2)] | None = None
    learning_rate: PositiveFloat | None = None
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    temperature: PositiveFloat | None = None
    mining: bool | None = None
    views: Literal["same", "independent"] | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The stored embedding sets it reads, without repetition."""
        side = (self.needs.removeprefix("embeddings/"),) if self.needs != NOTHING_ELSE else ()
        return tuple(dict.fromkeys((self.old, self.new, *side)))

    def training(self, shared: TransformTraining) -> TransformTraining:
        """The shared training settings with this row's overrides."""
        own = {name: getattr(self, name) for name in TransformTraining.model_fields}
        return shared.model_copy(update={k: v for k, v in own.items() if v is not None})


class Order(Section):
    """One row of `orders`: which gallery items are backfilled first."""

    kind: Literal[
        "random", "least_confidence", "margin", "entropy", "predicted", "coverage", "oracle"
    ]
    needs: str
    by: str
    # coverage: the gallery embeddings whose neighbourhoods are covered, and how
    over: str | None = None
    group_size: PositiveInt = 5
    scored_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    # oracle: the systems, and how many random states of the gallery, each seen by so many queries
    before: Pair | None = None
    after: Pair | None = None
    states: PositiveInt = 8
    queries: PositiveInt = 500

    @property
    def predicts(self) -> bool:
        """Whether its scores are a transform's log-variance, and no classifier's."""
        return self.by == "split/gallery"

    @property
    def scored(self) -> str:
        """Whose stored embeddings, or predicted log-variances, are scored."""
        return self.needs.removeprefix("embeddings/")

    @property
    def classified(self) -> str:
        """Whose classifier gives the class probabilities."""
        return self.by.removeprefix("embeddings/")


# See backfill.retrieval.merging and calibrating.
Merge = Literal[
    "distance",
    "reciprocal_rank",
    "min_max",
    "z_score",
    "isotonic",
    "logistic",
    "background_z_score",
    "background_nearest",
]


class Method(Section):
    """One row of `methods`: two retrieval systems, merged along an order.

    `merge` is how their distances are made comparable; `arrivals` the share of the gallery that is
    not there at the start and comes during the backfill, embedded by the new system at once. It is
    shown in a panel of a study's report, as `label` or under its own name.
    """

    study: str
    before: Pair
    after: Pair
    order: str
    merge: Merge = "distance"
    arrivals: Annotated[float, Field(ge=0, lt=1)] = 0.0
    panel: str = "all"
    label: str | None = None

    def shown_as(self, name: str) -> str:
        """What readers see in place of the row's name."""
        return name if self.label is None else self.label


class Panel(Section):
    """The methods of a panel that its others are measured against: the floor, and Gain's goal."""

    old: str
    new: str


class Study(Section):
    """A question with a report of its own: its panels by name, and what it shows besides.

    figure: sequential (panels are generations), subgroups (the `minority` groups of queries
    against the others) or ablations (panels are knobs, labels their values).
    compare: pairs of labels, the first claimed to do better; each is tested in every panel that
    has both.
    """

    panels: Annotated[dict[Name, Panel], Field(min_length=1)]
    figure: Literal["sequential", "subgroups", "ablations"] | None = None
    minority: list[str] = []
    compare: list[tuple[str, str]] = []


class Calibration(Section):
    """What merges that are fitted are fitted on."""

    background: PositiveInt
    seed: Seed


def _some_or_all(value: object) -> object:
    # One message, where a union would give one for each of its members.
    if value == "all" or (type(value) is int and value >= 2):
        return value
    raise ValueError("expected an integer of at least 2, or all")


class Evaluate(Section):
    """How a method's curve is measured.

    search: `whole`, the ranking of the whole gallery; `nearest`, its first map_at places, in one
    pass over galleries that stay on disk; or faiss's description of an index, an inverted file or
    an HNSW graph, to search for these places approximately, with `effort`.
    """

    checkpoints: Annotated[int | Literal["all"], BeforeValidator(_some_or_all)]
    top_k: Annotated[list[PositiveInt], Field(min_length=1)]
    map_at: PositiveInt | None
    search: Annotated[str, Field(pattern=r"^(whole|nearest|(IVF|HNSW)\d\S*)$")] = "whole"
    effort: PositiveInt = 32
    calibration: Calibration
    distance_bins: PositiveInt


class Compute(Section):
    """Where the work runs; it changes no result beyond rounding.

    address: of a running Ray cluster; none: one is started for each stage. workers: tasks at a
    time; none: one for each CPU.
    """

    engine: Literal["local", "ray"] = "local"
    address: str | None = None
    workers: PositiveInt | None = None


class Report(Section):
    """How results are summarised."""

    bootstrap_resamples: PositiveInt
    confidence: Annotated[float, Field(gt=0, lt=1)]
    seed: Seed


class Params(Section):
    """All of params.yaml."""

    device: str
    compute: Compute = Compute()
    seeds: Annotated[list[Seed], Field(min_length=1)]
    dataset: DatasetSettings
    splits: Annotated[dict[Name, Split], Field(min_length=1)]
    train: Train
    encoders: Annotated[dict[Name, Encoder], Field(min_length=1)]
    embed: Embed
    transform: TransformTraining
    transforms: dict[Name, Transform]
    orders: Annotated[dict[Name, Order], Field(min_length=1)]
    methods: Annotated[dict[Name, Method], Field(min_length=1)]
    studies: Annotated[dict[Name, Study], Field(min_length=1)]
    evaluate: Evaluate
    report: Report

    def embedding_sets(self) -> list[str]:
        """Every embedding set that the pipeline makes: one an encoder, one a trained module."""
        modules = [f"{row}/{module}" for row, t in self.transforms.items() for module in t.modules]
        return [*self.encoders, *modules]

    def stages_of(self, study: str) -> list[tuple[str, ...]]:
        """Stage and row of everything that a study is made from, in the order of the pipeline."""
        methods = {name: row for name, row in self.methods.items() if row.study == study}
        orders = {row.order for row in methods.values()}
        pairs = [pair for row in methods.values() for pair in (row.before, row.after)]
        needed = [name for pair in pairs for name in (pair.query, pair.gallery)]
        needed += [name for order in orders for name in _folders(self.orders[order])]
        made: set[str] = set()
        while needed:
            name = needed.pop().partition("/")[0]
            if name not in made:
                made.add(name)
                transform, encoder = self.transforms.get(name), self.encoders.get(name)
                needed += transform.inputs if transform else []
                needed += [encoder.teacher] if encoder and encoder.teacher else []
        encoders = [name for name in self.encoders if name in made]
        return [
            ("split",),
            *(("train", name) for name in encoders),
            *(("embed", name) for name in encoders),
            *(("transform", name) for name in self.transforms if name in made),
            *(("order", name) for name in self.orders if name in orders),
            *(("evaluate", name) for name in methods),
        ]

    def in_panel(self, study: str, panel: str) -> dict[str, Method]:
        """The methods of a study's panel, by name."""
        place = (study, panel)
        return {name: m for name, m in self.methods.items() if (m.study, m.panel) == place}


def _folders(order: Order) -> list[str]:
    """The embedding sets, without their modules, that an order is made from."""
    places = [place.partition("/") for place in (order.needs, order.by)]
    return [name for kind, _, name in places if kind == "embeddings"]


def load(path: Path | str = "params.yaml") -> Params:
    """Read and validate params.yaml.

    Raises:
        InputError: the file is missing or no YAML, or any key, type or name in it is wrong; all
            mistakes are listed, each with its key, value and what is allowed.
    """
    try:
        raw = yaml.load(Path(path).read_text(), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    return validate(raw, str(path))


def validate(raw: Any, source: str = "params.yaml") -> Params:
    """Check an already parsed params.yaml; `source` names it in errors (see :func:`load`)."""
    try:
        params = Params.model_validate(raw)
    except ValidationError as error:
        raise _input_error(source, _schema_mistakes(error, raw)) from None
    mistakes = list(_name_mistakes(params))
    if mistakes:
        raise _input_error(source, mistakes)
    return params


def _input_error(source: str, mistakes: Iterable[str]) -> InputError:
    lines = list(mistakes)
    count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
    return InputError(f"{source}: {count}\n" + "\n".join(f"  {line}" for line in lines))


def _schema_mistakes(error: ValidationError, raw: Any) -> Iterable[str]:
    """What pydantic found, in the words of the file rather than of the library."""
    for found in error.errors(include_url=False):
        location = [str(part) for part in found["loc"]]
        allowed = _fields_beside(location)
        key = ".".join(_keys(found, raw)) or "the file"
        if found["type"] == "extra_forbidden":
            yield f"{key}: unknown key{_nearest(location[-1], allowed)}"
        elif found["type"] == "missing":
            yield f"{key}: missing"
        else:
            yield f"{key}: {found['input']!r}: {found['msg']}"


def _keys(found: ErrorDetails, raw: Any) -> Iterable[str]:
    """The keys of the file that lead to a mistake.

    pydantic adds which kind of dataset, split or network it took a section for; the file has no
    such key.
    """
    node = raw
    for depth, part in enumerate(found["loc"], start=1):
        absent = found["type"] == "missing" and depth == len(found["loc"])
        if isinstance(node, dict) and part not in node and part != "[key]" and not absent:
            continue
        yield str(part)
        node = node.get(part) if isinstance(node, dict) else None


def _fields_beside(location: list[str]) -> list[str]:
    """Names allowed where an unknown key was found: a walk through the JSON schema."""
    schema = Params.model_json_schema()

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        for option in node.get("anyOf", ()):  # X | None
            if "$ref" in option or "discriminator" in option:
                node = option
        reference = node.get("$ref", "").rpartition("/")[2]
        found: dict[str, Any] = schema["$defs"][reference] if reference else node
        return found

    node = schema
    for part in location[:-1]:
        if "discriminator" in node:
            node = resolved({"$ref": node["discriminator"]["mapping"].get(part, "")})
        else:
            # A section has properties; rows by name have a pattern for all their names.
            rows: dict[str, Any] = next(iter(node.get("patternProperties", {}).values()), {})
            node = resolved(node.get("properties", {}).get(part, rows))
    return sorted(node.get("properties", {}))


def _nearest(name: str, allowed: Iterable[str]) -> str:
    names = list(allowed)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    nearest = f"; did you mean {close[0]!r}?" if close else ""
    return f"; allowed: {', '.join(names)}{nearest}" if names else ""


def _name_mistakes(params: Params) -> Iterable[str]:
    """References to something that no row makes."""

    def unknown(key: str, value: str, allowed: Iterable[str], what: str) -> Iterable[str]:
        names = list(allowed)
        if value not in names:
            yield f"{key}: {value!r} is no {what}{_nearest(value, names)}"

    def unknown_in_pairs(
        key: str, row: Transform | Method, allowed: list[str], what: str
    ) -> Iterable[str]:
        for name, pair in (("before", row.before), ("after", row.after)):
            if pair is not None:
                yield from unknown(f"{key}.{name}.query", pair.query, allowed, what)
                yield from unknown(f"{key}.{name}.gallery", pair.gallery, allowed, what)

    parts = [f"{name}/{part}" for name, split in params.splits.items() for part in split.parts]
    for name, encoder in params.encoders.items():
        others = [f"embeddings/{other}" for other in params.encoders if other != name]
        key = f"encoders.{name}"
        yield from unknown(f"{key}.trains_on", encoder.trains_on, parts, "part of a split")
        if encoder.loss in ("classification", "nt_xent"):
            yield from unknown(f"{key}.needs", encoder.needs, [NOTHING_ELSE], "input of this loss")
        else:
            yield from unknown(f"{key}.needs", encoder.needs, others, "encoder to be compatible to")
            yield from _teacher_mistakes(key, encoder, params)
    for name, row in params.transforms.items():
        key = f"transforms.{name}"
        if name in params.encoders:
            yield f"{key}: the name is taken by an encoder; embedding sets need names of their own"
        yield from unknown(f"{key}.trains_on", row.trains_on, parts, "part of a split")
        for slot, value in (("old", row.old), ("new", row.new)):
            yield from unknown(f"{key}.{slot}", value, params.encoders, "encoder")
        sides = [NOTHING_ELSE, *(f"embeddings/{encoder}" for encoder in params.encoders)]
        yield from unknown(f"{key}.needs", row.needs, sides, "input of a transform")
        known = list(row.inputs)
        for module, inputs in row.modules.items():
            if module in params.encoders:
                yield f"{key}.modules.{module}: the name is taken by an encoder"
            for value in inputs:
                yield from unknown(f"{key}.modules.{module}", value, known, "input known here")
            known.append(module)
        yield from unknown_in_pairs(key, row, known, "set known here")
        yield from _training_mistakes(key, row, params)
    sets = params.embedding_sets()
    nothing = ["split/gallery"]
    encoders = [f"embeddings/{encoder}" for encoder in params.encoders]
    classifiers = [f"embeddings/{e}" for e, row in params.encoders.items() if row.supervised]
    doubted = [f"embeddings/{t}" for t, row in params.transforms.items() if row.uncertainty]
    for name, order in params.orders.items():
        key = f"orders.{name}"
        if order.kind == "oracle":
            yield from _oracle_mistakes(key, order, sets)
            continue
        if order.kind == "coverage":
            yield from _coverage_mistakes(key, order, params, sets, classifiers)
            continue
        needs = {"random": nothing, "predicted": doubted}.get(order.kind, encoders)
        yield from unknown(f"{key}.needs", order.needs, needs, "input of this order")
        by = nothing if order.kind in ("random", "predicted") else classifiers
        yield from unknown(f"{key}.by", order.by, by, "source of a classifier")
        yield from _dimension_mistakes(key, order, params)
    for name, method in params.methods.items():
        key = f"methods.{name}"
        yield from unknown_in_pairs(key, method, sets, "embedding set")
        yield from unknown(f"{key}.order", method.order, params.orders, "order")
        yield from unknown(f"{key}.study", method.study, params.studies, "study")
        if method.study in params.studies:
            panels = params.studies[method.study].panels
            yield from unknown(f"{key}.panel", method.panel, panels, "panel of this study")
    yield from _compute_mistakes(params)
    yield from _search_mistakes(params.evaluate)
    if not {1, 5} <= set(params.evaluate.top_k):
        yield f"evaluate.top_k: {params.evaluate.top_k}: must contain 1 and 5, which reports show"
    for name, study in params.studies.items():
        for panel, references in study.panels.items():
            inside = list(params.in_panel(name, panel))
            for role in ("old", "new"):
                key = f"studies.{name}.panels.{panel}.{role}"
                yield from unknown(key, getattr(references, role), inside, "method of this panel")
        yield from _study_mistakes(name, study, params)


def _compute_mistakes(params: Params) -> Iterable[str]:
    """What one process, or a cluster, cannot do."""
    ranks, size, engine = params.train.ranks, params.train.batch_size, params.compute.engine
    if engine == "local" and ranks > 1:
        yield f"train.ranks: {ranks}, expected 1 with compute.engine local; ray has more"
    if size % ranks:
        yield f"train.ranks: {ranks}, expected a divisor of train.batch_size, {size}"
    if engine == "ray" and ":" in params.device:
        yield f"device: {params.device!r}, expected none by number with compute.engine ray"


def _search_mistakes(evaluate: Evaluate) -> Iterable[str]:
    """What the first places of a ranking do not tell."""
    if evaluate.search == "whole":
        return
    if evaluate.checkpoints == "all":
        yield f"evaluate.search: {evaluate.search!r}, expected whole with checkpoints all"
    if evaluate.map_at is not None and max(evaluate.top_k) > evaluate.map_at:
        yield (
            f"evaluate.map_at: {evaluate.map_at}, expected at least the largest of top_k, "
            f"{max(evaluate.top_k)}, with search {evaluate.search!r}"
        )


def _training_mistakes(key: str, row: Transform, params: Params) -> Iterable[str]:
    """What a transform's loss cannot be computed without, and seeds that orders cannot follow."""
    both_systems = row.loss in ("mcl", "cl_both")
    if both_systems and row.after is None:
        yield f"{key}.after: missing; {row.loss} needs the systems before and after (eq. 11)"
    if row.separate and not both_systems:
        yield f"{key}.separate: loss {row.loss!r} leaves the query's module nothing to learn from"
    # An order knows of a gallery item what the old system knows: what `before` makes of it.
    doubtful = [module for module in row.modules if module == row.before.gallery]
    if row.uncertainty is None and row.loss == "fastfill":
        yield f"{key}.uncertainty: missing; fastfill predicts a module's log-variance"
    if row.uncertainty is not None and row.uncertainty not in doubtful:
        yield (
            f"{key}.uncertainty: {row.uncertainty!r} is no module that makes before.gallery"
            f"{_nearest(row.uncertainty, doubtful)}"
        )
    new = params.encoders.get(row.new)
    if row.loss == "fastfill" and new is not None and not new.supervised:
        yield f"{key}.new: {row.new!r} has no classifier, which loss 'fastfill' needs"
    if row.seeds is not None and len(row.seeds) not in (1, len(params.seeds)):
        yield f"{key}.seeds: {row.seeds}, expected one, or {len(params.seeds)} as in `seeds`"


def _dimension_mistakes(key: str, order: Order, params: Params) -> Iterable[str]:
    """A classifier scores embeddings as wide as its own encoder's."""
    rows = [params.encoders.get(name) for name in (order.scored, order.classified)]
    dims = [row.training(params.train).network.embedding_dim for row in rows if row is not None]
    if len(set(dims)) > 1:
        yield f"{key}.by: {order.by!r} has {dims[1]} dimensions, but {order.needs} has {dims[0]}"


def _coverage_mistakes(
    key: str, order: Order, params: Params, sets: list[str], classifiers: list[str]
) -> Iterable[str]:
    """It covers a set of the folder `needs`; its scores are that folder's, or a classifier's."""
    made = [name for name in sets if name.partition("/")[0] == order.scored]
    if order.over not in made:
        yield f"{key}.over: {order.over!r}, expected a set of {order.needs}{_nearest('', made)}"
    doubted = [name for name, row in params.transforms.items() if row.uncertainty]
    if order.predicts and order.scored not in doubted:
        yield f"{key}.needs: {order.needs!r} predicts no log-variance{_nearest('', doubted)}"
    if not order.predicts and order.by not in classifiers:
        nearest = _nearest(order.by, classifiers)
        yield f"{key}.by: {order.by!r} is no source of a classifier{nearest}"
    if not order.predicts and order.scored not in params.encoders:
        yield f"{key}.needs: {order.needs!r} is no encoder, whose embeddings a classifier scores"
    yield from _dimension_mistakes(key, order, params)


def _oracle_mistakes(key: str, order: Order, sets: list[str]) -> Iterable[str]:
    """An oracle compares the two systems of a method, all from the folders `needs` and `by`."""
    for side, pair in (("before", order.before), ("after", order.after)):
        if pair is None:
            yield f"{key}.{side}: missing; an oracle looks at both systems"
            continue
        for part, name in (("query", pair.query), ("gallery", pair.gallery)):
            place = f"embeddings/{name.partition('/')[0]}"
            if name not in sets:
                yield f"{key}.{side}.{part}: {name!r} is no embedding set{_nearest(name, sets)}"
            elif place not in (order.needs, order.by):
                yield f"{key}.{side}.{part}: {name!r}, but `needs` and `by` do not name {place}"


def _study_mistakes(name: str, study: Study, params: Params) -> Iterable[str]:
    """What its report could not show: labels that are no names, a figure without its data."""
    by_panel = {
        panel: {row: method.shown_as(row) for row, method in params.in_panel(name, panel).items()}
        for panel in study.panels
    }
    for panel, labels in by_panel.items():
        first: dict[str, str] = {}
        for row, label in labels.items():
            if first.setdefault(label, row) != row:
                yield f"methods.{row}.label: {label!r} is that of {first[label]} in {panel!r} too"
    for place, pair in enumerate(study.compare):
        key = f"studies.{name}.compare.{place}"
        known = sorted({label for labels in by_panel.values() for label in labels.values()})
        strangers = [label for label in pair if label not in known]
        for label in strangers:
            yield f"{key}: {label!r} is no label of this study{_nearest(label, known)}"
        together = any(set(pair) <= set(labels.values()) for labels in by_panel.values())
        if pair[0] == pair[1] or not (strangers or together):
            yield f"{key}: {list(pair)}: expected two labels of one panel"
    if study.figure == "subgroups" and not study.minority:
        yield f"studies.{name}.minority: missing; its figure shows these groups against the others"


def _teacher_mistakes(key: str, encoder: Encoder, params: Params) -> Iterable[str]:
    """Compatible losses compare new embeddings with old ones, or with the old classifier's rows."""
    teacher = params.encoders.get(encoder.teacher or "")
    if teacher is None:
        return
    if not teacher.supervised:
        yield f"{key}.needs: {encoder.needs!r} has no classifier, which loss {encoder.loss!r} needs"
    old_dim, dim = (row.training(params.train).network.embedding_dim for row in (teacher, encoder))
    if old_dim != dim and encoder.loss != "focal_distillation":
        yield (
            f"{key}.network.embedding_dim: {dim}, but {encoder.needs} has {old_dim}; "
            f"loss {encoder.loss!r} needs them equal"
        )
