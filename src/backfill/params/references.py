"""References between rows: every name that a row mentions is made by another row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from backfill.params.base import SystemSets
from backfill.params.catalogue import Catalogue, path_of
from backfill.params.mistakes import Mistake, nearest, unknown
from backfill.params.rows.encoders import CompatibleRow, Encoder, FocalDistillation, SelfSupervised
from backfill.params.rows.orders import (
    ClassifierUncertainty,
    Coverage,
    Oracle,
    Order,
    Predicted,
)
from backfill.params.rows.transforms import FastFill, Transform
from backfill.params.settings import Params
from backfill.params.study import Study

# Reports one mistake at a key below the row's own.
At = Callable[[str, str], Mistake]


def mistakes(catalogue: Catalogue, params: Params) -> Iterator[Mistake]:
    """All references that lead nowhere, and all combinations that cannot work."""
    shares = [
        f"{name}/{share}" for name, split in catalogue.splits.items() for share in split.shares
    ]
    for name, encoder in catalogue.encoders.items():
        at = _at(catalogue, "encoders", name)
        yield from _name(at, "trains_on", encoder.trains_on, shares, "a share of a split")
        yield from _encoder(at, name, encoder, catalogue, params)
    for name, transform in catalogue.transforms.items():
        at = _at(catalogue, "transforms", name)
        yield from _name(at, "trains_on", transform.trains_on, shares, "a share of a split")
        yield from _transform(at, name, transform, catalogue, params)
    for name, order in catalogue.orders.items():
        yield from _order(_at(catalogue, "orders", name), order, catalogue, params)
    sets = catalogue.embedding_sets
    for name, method in catalogue.methods.items():
        at = _at(catalogue, "methods", name)
        yield from _system(at, "before", method.before, sets)
        yield from _system(at, "after", method.after, sets)
        yield from _name(at, "order", method.order, catalogue.orders, "an order")
        panels = catalogue.studies[catalogue.owner["methods", name]].panels
        yield from _name(at, "panel", method.panel, panels, "a panel of this study")
    for name, study in catalogue.studies.items():
        yield from _study(name, study, catalogue)


def _at(catalogue: Catalogue, section: str, row: str) -> At:
    file = catalogue.file(section, row)
    return lambda key, text: Mistake(file, f"{section}.{row}.{key}".rstrip("."), text)


def _name(at: At, key: str, value: str, allowed: Iterable[str], what: str) -> Iterator[Mistake]:
    names = list(allowed)
    if value not in names:
        yield at(key, f"expected {what}, got {value!r}{nearest(value, names)}")


def _system(at: At, key: str, system: SystemSets, sets: Iterable[str]) -> Iterator[Mistake]:
    known = list(sets)
    for side in ("query", "gallery"):
        yield from _name(at, f"{key}.{side}", getattr(system, side), known, "an embedding set")


def _has_classifier(catalogue: Catalogue, encoder: str) -> bool:
    return not isinstance(catalogue.encoders.get(encoder), SelfSupervised)


def _dim(encoder: Encoder, params: Params) -> int:
    return encoder.training(params.train).network.embedding_dim


def _encoder(
    at: At, name: str, row: Encoder, catalogue: Catalogue, params: Params
) -> Iterator[Mistake]:
    """A compatible encoder compares its embeddings with those of its teacher's classifier."""
    if not isinstance(row, CompatibleRow):
        return
    others = [other for other in catalogue.encoders if other != name]
    yield from _name(at, "teacher", row.teacher, others, "another encoder")
    teacher = catalogue.encoders.get(row.teacher)
    if teacher is None:
        return
    if not _has_classifier(catalogue, row.teacher):
        yield at("teacher", f"expected an encoder with a classifier, got {row.teacher!r}")
    old, new = _dim(teacher, params), _dim(row, params)
    if old != new and not isinstance(row, FocalDistillation):
        yield at("embedding_dim", f"expected {old}, as {row.teacher!r} has, got {new}")


def _transform(
    at: At, name: str, row: Transform, catalogue: Catalogue, params: Params
) -> Iterator[Mistake]:
    """Modules read encoders and each other; the loss looks at what they make."""
    if name in catalogue.encoders:
        yield at("", "expected a name that no encoder has, as embedding sets go by it")
    for key in ("old", "new", "side"):
        value = getattr(row, key)
        if value is not None:
            yield from _name(at, key, value, catalogue.encoders, "an encoder")
    known = list(row.inputs)
    for module, inputs in row.modules.items():
        if module in catalogue.encoders:
            yield at(f"modules.{module}", "expected a name that no encoder has")
        for value in inputs:
            yield from _name(
                at, f"modules.{module}", value, known, "an encoder or a module before it"
            )
        known.append(module)
    for side, system in row.systems.items():
        yield from _system(at, side, system, known)
    # An order knows of a gallery item what the old system knows: what `before` makes of it.
    predictable = [module for module in row.modules if module == row.before.gallery]
    if row.uncertainty is not None:
        yield from _name(
            at, "uncertainty", row.uncertainty, predictable, "the module that makes before.gallery"
        )
    if isinstance(row, FastFill) and not _has_classifier(catalogue, row.new):
        yield at("new", f"expected an encoder with a classifier, got {row.new!r}")
    if row.seeds is not None and len(row.seeds) not in (1, len(params.seeds)):
        yield at("seeds", f"expected one, or {len(params.seeds)} as in `seeds`, got {row.seeds}")


def _order(at: At, row: Order, catalogue: Catalogue, params: Params) -> Iterator[Mistake]:
    """What an order looks at is there, and a classifier meets embeddings as wide as its own."""
    sets = catalogue.embedding_sets
    if isinstance(row, ClassifierUncertainty):
        yield from _classifier(at, "", row, catalogue, params)
    elif isinstance(row, Predicted):
        yield from _predicted(at, "", row, catalogue)
    elif isinstance(row, Coverage):
        yield from _name(at, "over", row.over, sets, "an embedding set")
        if isinstance(row.scores, Predicted):
            yield from _predicted(at, "scores.", row.scores, catalogue)
        else:
            yield from _classifier(at, "scores.", row.scores, catalogue, params)
    elif isinstance(row, Oracle):
        yield from _system(at, "before", row.before, sets)
        yield from _system(at, "after", row.after, sets)


def _classifier(
    at: At, prefix: str, row: ClassifierUncertainty, catalogue: Catalogue, params: Params
) -> Iterator[Mistake]:
    classifiers = [e for e in catalogue.encoders if _has_classifier(catalogue, e)]
    yield from _name(at, f"{prefix}embeddings", row.embeddings, catalogue.encoders, "an encoder")
    key = f"{prefix}{'classifier' if row.classifier else 'embeddings'}"
    if row.classifier or row.embeddings in catalogue.encoders:
        yield from _name(at, key, row.judge, classifiers, "an encoder with a classifier")
    if {row.embeddings, row.judge} <= catalogue.encoders.keys():
        dims = [_dim(catalogue.encoders[e], params) for e in (row.embeddings, row.judge)]
        if dims[0] != dims[1]:
            text = f"expected {dims[0]} dimensions, as {row.embeddings!r} has, got {dims[1]}"
            yield at(f"{prefix}classifier", text)


def _predicted(at: At, prefix: str, row: Predicted, catalogue: Catalogue) -> Iterator[Mistake]:
    able = [name for name, t in catalogue.transforms.items() if t.uncertainty]
    what = "a transform that predicts its uncertainty"
    yield from _name(at, f"{prefix}transform", row.transform, able, what)


def _study(name: str, study: Study, catalogue: Catalogue) -> Iterator[Mistake]:
    """Panels show methods that exist, under labels that differ."""
    file = str(path_of(name))
    check = partial(unknown, file)
    by_panel = {}
    for panel, chosen in study.panels.items():
        key = f"panels.{panel}"
        for role in ("old", "new"):
            yield from check(f"{key}.{role}", getattr(chosen, role), catalogue.methods, "a method")
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
