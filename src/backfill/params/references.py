"""References between rows: every name that a row mentions is made by another row."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from graphlib import CycleError, TopologicalSorter

from backfill.artifacts import LOG_VARIANCE
from backfill.params.base import Reference
from backfill.params.catalogue import Catalogue, path_of
from backfill.params.mistakes import At, Mistake, in_file, unknown
from backfill.params.networks import Network
from backfill.params.rows.encoders import (
    CompatibleRow,
    FocalDistillation,
    SelfSupervised,
    Stored,
    Trained,
)
from backfill.params.rows.orders import ClassifierUncertainty, Coverage, Order
from backfill.params.rows.transforms import Transform
from backfill.params.settings import Params
from backfill.params.study import Study

_WHAT = {
    "share": "a share of a split",
    "encoder": "an encoder",
    "trained": "an encoder that is trained",
    "classifier": "an encoder with a classifier",
    "prediction": "a transform that predicts its uncertainty",
    "set": "an embedding set",
    "views": "an encoder, or a module of a transform with keeps_views",
    "order": "an order",
}


def mistakes(catalogue: Catalogue, params: Params) -> Iterator[Mistake]:
    """All references that lead nowhere, and all combinations that cannot work."""
    made = _made(catalogue)
    for section in ("encoders", "transforms", "orders", "methods"):
        for name, row in getattr(catalogue, section).items():
            at = _at(catalogue, section, name)
            for reference in row.references():
                itself = name if section == "encoders" else None
                yield from _leads_nowhere(at, reference, made, itself)
    for name, encoder in catalogue.encoders.items():
        if not isinstance(encoder, Stored):
            yield from _encoder(_at(catalogue, "encoders", name), encoder, catalogue, params)
    for name, transform in catalogue.transforms.items():
        yield from _transform(
            _at(catalogue, "transforms", name), name, transform, catalogue, params
        )
    yield from _loop(catalogue)
    for name, order in catalogue.orders.items():
        yield from _order(_at(catalogue, "orders", name), order, catalogue, params)
    for name, method in catalogue.methods.items():
        panels = catalogue.studies[catalogue.owner["methods", name]].panels
        at = _at(catalogue, "methods", name)
        yield from unknown(at, "panel", method.panel, panels, "a panel of this study")
    for name, study in catalogue.studies.items():
        yield from _study(name, study, catalogue)


def _made(catalogue: Catalogue) -> dict[str, list[str]]:
    """Kind of reference -> the names that rows make."""
    encoders, transforms = catalogue.encoders, catalogue.transforms
    return {
        "share": [
            f"{n}/{share}" for n, split in catalogue.splits.items() for share in split.shares
        ],
        "encoder": list(encoders),
        "trained": list(catalogue.trained),
        "classifier": [
            n for n, row in encoders.items() if not isinstance(row, SelfSupervised | Stored)
        ],
        "prediction": [name for name, row in transforms.items() if row.uncertainty],
        "set": catalogue.embedding_sets,
        "views": [
            *encoders,
            *(f"{n}/{m}" for n, row in transforms.items() if row.keeps_views for m in row.makes),
        ],
        "order": list(catalogue.orders),
    }


def _leads_nowhere(
    at: At, reference: Reference, made: dict[str, list[str]], itself: str | None
) -> Iterator[Mistake]:
    key, value, kind = reference
    if kind == "classifier" and value not in made["encoder"]:
        kind = "encoder"  # the simpler mistake comes first
    names = [name for name in made[kind] if name != itself]
    yield from unknown(at, key, value, names, "another encoder" if value == itself else _WHAT[kind])


def _at(catalogue: Catalogue, section: str, row: str) -> At:
    file = catalogue.file(section, row)
    return lambda key, text: Mistake(file, f"{section}.{row}.{key}".rstrip("."), text)


def _dim(encoder: Trained, params: Params) -> int:
    return encoder.training(params.train).network.embedding_dim


def _words(network: Network) -> str:
    """A network's settings in words."""
    settings = network.model_dump(exclude={"family"}, exclude_defaults=True)
    return f"{network.family} of " + ", ".join(f"{key} {v}" for key, v in settings.items())


def _encoder(at: At, row: Trained, catalogue: Catalogue, params: Params) -> Iterator[Mistake]:
    """A compatible encoder compares its embeddings with old ones, or with the old classifier.

    One that starts from another's weights has the same network.
    """
    trained = catalogue.trained
    if row.starts_from in trained:
        first = trained[row.starts_from].training(params.train).network
        own = row.training(params.train).network
        if first != own:
            yield at("starts_from", f"expected an encoder with this row's network, {_words(own)}, "
                     f"got {row.starts_from!r} with {_words(first)}")  # fmt: skip
    if not isinstance(row, CompatibleRow) or row.teacher not in trained:
        return
    old, new = _dim(trained[row.teacher], params), _dim(row, params)
    of_scores = isinstance(row, FocalDistillation) and row.reading == "scores"
    if old != new and not of_scores:
        yield at("embedding_dim", f"expected {old}, as {row.teacher!r} has, got {new}")


def _transform(
    at: At, name: str, row: Transform, catalogue: Catalogue, params: Params
) -> Iterator[Mistake]:
    """Modules read encoders and each other; the loss looks at what they make."""
    if name in catalogue.encoders:
        yield at("", "expected a name that no encoder has, as embedding sets go by it")
    known = list(row.inputs)
    for module, inputs in row.modules.items():
        if module in catalogue.encoders or module == LOG_VARIANCE:
            taken = "the predicted uncertainty" if module == LOG_VARIANCE else "an encoder"
            yield at(f"modules.{module}", f"expected another name, got that of {taken}")
        for value in inputs:
            yield from unknown(
                at, f"modules.{module}", value, known, "an encoder or a module before it"
            )
        known.append(module)
    for mix, chosen in row.mixes.items():
        if mix in (*catalogue.encoders, *row.modules, LOG_VARIANCE):
            yield at(f"mixes.{mix}", "expected another name, got that of an embedding set")
        for value in chosen.of:
            what = "an encoder of this row or a module"
            yield from unknown(at, f"mixes.{mix}.of", value, known, what)
    for side, system in row.systems.items():
        for reference in system.references(side):
            yield from unknown(at, reference.key, reference.name, known, _WHAT["set"])
    # An order knows of a gallery item what the old system knows: what `before` makes of it.
    predictable = [module for module in row.modules if module == row.before.gallery]
    if row.uncertainty is not None:
        yield from unknown(
            at, "uncertainty", row.uncertainty, predictable, "the module that makes before.gallery"
        )
    training = row.training(params.transform)
    if training.closed_form == "residual" and training.form != "closed":
        text = f"expected the form closed with residual, which is not linear, got {training.form!r}"
        yield at("form", text)
    if row.seeds is not None and len(row.seeds) not in (1, len(params.seeds)):
        yield at("seeds", f"expected one, or {len(params.seeds)} as in `seeds`, got {row.seeds}")


def _loop(catalogue: Catalogue) -> Iterator[Mistake]:
    """Encoders and transforms are made one after the other: none needs itself."""
    rows = catalogue.encoders | catalogue.transforms
    needs = {
        name: [ref.name.partition("/")[0] for ref in row.references() if ref.kind != "share"]
        for name, row in rows.items()
    }
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        loop: list[str] = error.args[1]
        section = "encoders" if loop[0] in catalogue.encoders else "transforms"
        text = f"expected rows that do not need themselves, got {' -> '.join(reversed(loop))}"
        yield _at(catalogue, section, loop[0])("", text)


def _order(at: At, row: Order, catalogue: Catalogue, params: Params) -> Iterator[Mistake]:
    """A classifier meets embeddings as wide as its own."""
    scores, prefix = (row.scores, "scores.") if isinstance(row, Coverage) else (row, "")
    if not isinstance(scores, ClassifierUncertainty):
        return
    pair = (scores.embeddings, scores.judge)
    trained = catalogue.trained
    if set(pair) <= trained.keys():
        dims = [_dim(trained[encoder], params) for encoder in pair]
        if dims[0] != dims[1]:
            text = f"expected {dims[0]} dimensions, as {scores.embeddings!r} has, got {dims[1]}"
            yield at(f"{prefix}classifier", text)


def _study(name: str, study: Study, catalogue: Catalogue) -> Iterator[Mistake]:
    """Panels show methods that exist, under labels that differ."""
    file = str(path_of(name))
    check = partial(unknown, in_file(file))
    by_panel = {}
    for panel, chosen in study.panels.items():
        key = f"panels.{panel}"
        for role in ("old", "new"):
            yield from check(f"{key}.{role}", getattr(chosen, role), catalogue.methods, "a method")
        if chosen.old == chosen.new:
            yield Mistake(
                file, f"{key}.new", f"expected another method than old, got {chosen.new!r}"
            )
        for label, row in chosen.shows.items():
            yield from check(f"{key}.shows.{label}", row, catalogue.methods, "a method")
        rows = [
            (method.label or row, row)
            for row, method in study.methods.items()
            if method.panel == panel
        ]
        first: dict[str, str] = {}
        for label, row in (*rows, *chosen.shows.items()):
            if first.setdefault(label, row) != row:
                text = f"expected a label of its own, got {label!r}, which is {first[label]}'s too"
                yield Mistake(file, f"methods.{row}.label", text)
        by_panel[panel] = study.rows_of(panel)
    known = sorted({label for labels in by_panel.values() for label in labels})
    for position, pair in enumerate(study.compare):
        key = f"compare.{position}"
        strangers = [label for label in pair if label not in known]
        for label in strangers:
            yield from check(key, label, known, "a label of this study")
        together = any(set(pair) <= set(labels) for labels in by_panel.values())
        if pair[0] == pair[1] or not (strangers or together):
            yield Mistake(file, key, f"expected two labels of one panel, got {list(pair)}")
    if study.figure == "subgroups" and not study.minority:
        yield Mistake(file, "minority", "missing; the figure shows these groups")
