"""Rows of `transforms`: small networks on stored embeddings, and the loss that trains them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveFloat

from backfill.params.base import Count, Name, Reference, Section, Seed, SystemSets, each_once
from backfill.params.settings import ClosedForm, TransformTraining


class Mix(Section):
    """Two embeddings of an item made one.

    Attributes:
        of: both: encoders of the row, or its modules.
        kind: `sphere`, a point on the way from the first to the second, in one space (SLERP);
            `side_by_side`, both in one vector, whose cosine is a mean of theirs.
        weight: of the second: the share of the way, or of the cosine.
    """

    of: tuple[str, str]
    kind: Literal["sphere", "side_by_side"] = "sphere"
    weight: Annotated[float, Field(ge=0, le=1)] = 0.5


class TransformRow(Section):
    """What every transform has.

    Attributes:
        old: the encoder in service. A row that is blind to it names the new one.
        new: its successor, or a module of another transform, such as `rho/rho`.
        side: an encoder whose embeddings are side information; none by default.
        trains_on: a share of a split, `<split>/<share>`.
        modules: name of each module -> what it reads: encoders, or modules before it.
        before: the system that ranks waiting items; the loss makes it comparable.
        uncertainty: a module whose error is predicted, as a log-variance.
        seeds: in place of the shared ones.
        keeps_views: whether it also stores what its modules make of the training set, for rows
            whose `new` it is.
        dim: width of a module that nothing else decides.
        mixes: name of each mix of two embeddings in one space.
        form, ..., views: in place of those of `transform`.
    """

    old: Name
    new: str
    side: Name | None = None
    trains_on: str
    modules: Annotated[dict[Name, list[str]], Field(min_length=1)]
    before: SystemSets
    uncertainty: Name | None = None
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(each_once)] | None = None
    keeps_views: bool = False
    dim: Count | None = None
    mixes: dict[Name, Mix] = {}
    form: Literal["residual", "layers", "projections", "closed"] | None = None
    closed_form: ClosedForm | None = None
    depth: Count | None = None
    width: Count | None = None
    steps: Count | None = None
    held_out: Annotated[float, Field(ge=0, le=0.5)] | None = None
    anchor: Annotated[float, Field(ge=0)] | None = None
    checks: Count | None = None
    floor: Literal["old", "closed_form"] | None = None
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] | None = None
    settled_fraction: Annotated[float, Field(ge=0, lt=1)] | None = None
    batch_size: Annotated[int, Field(ge=2)] | None = None
    learning_rate: PositiveFloat | None = None
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    temperature: PositiveFloat | None = None
    mining: bool | None = None
    views: Literal["same", "independent"] | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The embedding sets that it reads, each once: encoders', or a module's of another row."""
        return tuple(dict.fromkeys(name for name in (self.old, self.new, self.side) if name))

    @property
    def makes(self) -> tuple[str, ...]:
        """The embeddings that it makes, one set per module and per mix."""
        return (*self.modules, *self.mixes)

    @property
    def systems(self) -> dict[str, SystemSets]:
        """The systems that its loss looks at, by name."""
        return {"before": self.before}

    def references(self) -> list[Reference]:
        """The names that other rows must make."""
        return [
            Reference("trains_on", self.trains_on, "share"),
            Reference("old", self.old, "encoder"),
            Reference("new", self.new, "views"),
            *([Reference("side", self.side, "encoder")] if self.side else []),
        ]

    def training(self, shared: TransformTraining) -> TransformTraining:
        """The shared training settings with this row's overrides."""
        own = {name: getattr(self, name) for name in TransformTraining.model_fields}
        return shared.model_copy(update={k: v for k, v in own.items() if v is not None})


class Alignment(TransformRow):
    """The squared distance between an item's two embeddings."""

    loss: Literal["alignment"]


class Contrastive(TransformRow):
    """Contrastive learning on the system before (rank merge, eq. 10)."""

    loss: Literal["cl"]


class TwoSystems(TransformRow):
    """A loss that looks at both systems.

    Attributes:
        after: the system that ranks backfilled items.
        separate: whether the query's module learns from `after` alone.
    """

    after: SystemSets
    separate: bool = False

    @property
    def systems(self) -> dict[str, SystemSets]:
        """The systems that its loss looks at, by name."""
        return {"before": self.before, "after": self.after}


class ContrastiveBoth(TwoSystems):
    """Contrastive learning on each of the two systems, apart."""

    loss: Literal["cl_both"]


class MetricCompatible(TwoSystems):
    """Metric-compatible contrastive learning (rank merge, eq. 11 to 13)."""

    loss: Literal["mcl"]


class Muscle(TransformRow):
    """Distillation of an adapter of `new`: from `old` where `new` errs, from `new` elsewhere.

    Attributes:
        before: the old system, the teacher where `new` errs.
        after: the adapted system.
    """

    loss: Literal["muscle"]
    after: SystemSets

    @property
    def systems(self) -> dict[str, SystemSets]:
        """The systems that its loss looks at, by name."""
        new = SystemSets(query=self.new, gallery=self.new)
        return {"before": self.before, "after": self.after, "new": new}


class FastFill(TransformRow):
    """Alignment with points and classes under a predicted uncertainty (FastFill)."""

    loss: Literal["fastfill"]
    uncertainty: Name
    class_weight: Annotated[float, Field(ge=0)] = 1.0

    def references(self) -> list[Reference]:
        """The names that other rows must make."""
        return [*super().references(), Reference("new", self.new, "classifier")]


Transform = Annotated[
    Alignment | Contrastive | ContrastiveBoth | MetricCompatible | Muscle | FastFill,
    Field(discriminator="loss"),
]
