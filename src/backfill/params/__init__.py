"""The settings of a run: params.yaml, and the studies whose rows it compares.

- :mod:`~backfill.params.settings`: the sections of params.yaml.
- :mod:`~backfill.params.rows`: encoders, transforms, orders, methods; one type per kind.
- :mod:`~backfill.params.study`: a study's file; :mod:`~backfill.params.catalogue`: all their rows.
- :mod:`~backfill.params.references`: every name that a row mentions is made by another row.
- :mod:`~backfill.params.mistakes`: how mistakes read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from backfill.params import limits, references
from backfill.params.catalogue import Catalogue, collect, path_of
from backfill.params.likeness import without_echoes
from backfill.params.mistakes import Mistake, as_error, nearest, parse
from backfill.params.settings import MAIN, Compute, Params
from backfill.reading.yaml import read


class Settings(NamedTuple):
    """Everything that a pipeline is made from."""

    params: Params
    catalogue: Catalogue


def load_params(path: Path | str = "params.yaml") -> Params:
    """Read and validate params.yaml alone.

    Args:
        path: of the file.

    Raises:
        InputError: the file cannot be read, or keys or values in it are wrong; names all of them.
    """
    return validated(read(Path(path)), str(path))


def validated(raw: Any, file: str) -> Params:
    """Validate the parsed content of a params.yaml.

    Args:
        raw: the content.
        file: its name, for messages.

    Raises:
        InputError: keys or values in it are wrong; names all of them.
    """
    params, mistakes = parse(Params, raw, file)
    mistakes += limits.mistakes(params, file) if params else []
    if mistakes:
        raise as_error(mistakes)
    found: Params = params
    return found


def load(
    path: Path | str = "params.yaml", studies: Iterable[str] = (MAIN,), root: Path = Path()
) -> Settings:
    """Read and validate params.yaml together with studies.

    Args:
        path: of params.yaml.
        studies: names; the studies that they build on are read as well.
        root: of the repository, which holds the folder of studies.

    Raises:
        InputError: a file cannot be read, or any key, value or name in one of them is wrong; all
            mistakes are listed, each with its file, its key, and what is allowed.
    """
    return together(load_params(path), studies, root, str(path))


def together(
    params: Params, studies: Iterable[str], root: Path = Path(), file: str = "params.yaml"
) -> Settings:
    """Read and validate studies together with parameters that are right by themselves.

    Args:
        params: the parameters.
        studies: names; the studies that they build on are read as well.
        root: of the repository, which holds the folder of studies.
        file: the name of that of the parameters, for messages.

    Raises:
        InputError: as :func:`load` does.
    """
    names = list(dict.fromkeys(studies))
    catalogue, mistakes = collect(names, params.dataset.name, params.scale, root)
    if not mistakes:
        mistakes += references.mistakes(catalogue, params)
    if not mistakes and params.main in names and params.methods != "all":
        mistakes += _chosen_methods(params.methods, params.main, catalogue, file)
    if mistakes:
        raise as_error(without_echoes(mistakes, catalogue.likes))
    return Settings(params, catalogue)


def _chosen_methods(
    methods: Sequence[str], main: str, catalogue: Catalogue, file: str
) -> Iterator[Mistake]:
    """Mistakes in the list of methods: strangers, and references of Gain that are missing."""
    study = catalogue.studies[main]
    known = list(study.methods)
    strangers = [name for name in methods if name not in known]
    for name in strangers:
        text = f"expected rows of {path_of(main)}, got {name!r}{nearest(name, known)}"
        yield Mistake(file, "methods", text)
    if strangers:
        return
    ends = [
        (study.panels[panel].old, study.panels[panel].new) for panel in study.panels_of(methods)
    ]
    for name in dict.fromkeys(name for pair in ends for name in pair if name not in methods):
        yield Mistake(file, "methods", f"expected {name!r} among them, the reference of Gain")


def load_compute(path: Path) -> Compute:
    """Where the work runs: the section `compute` of params.yaml, on which no result depends.

    Raises:
        InputError: the file or the section is wrong.
    """
    raw = read(path)
    section = raw.get("compute", {}) if isinstance(raw, dict) else {}
    compute, mistakes = parse(Compute, section, f"{path}: compute")
    if mistakes:
        raise as_error(mistakes)
    found: Compute = compute
    return found


__all__ = [
    "MAIN",
    "Catalogue",
    "Compute",
    "Params",
    "Settings",
    "load",
    "load_compute",
    "load_params",
    "together",
    "validated",
]
