"""Studies and the rows that they own, read from studies/*.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backfill.errors import InputError
from backfill.params import likeness
from backfill.params.base import NAME
from backfill.params.mistakes import Mistake, nearest, parse
from backfill.params.rows.encoders import Encoder, Stored, Trained
from backfill.params.rows.methods import Method
from backfill.params.rows.orders import Order
from backfill.params.rows.splits import Split
from backfill.params.rows.transforms import Transform
from backfill.params.study import Study, sized, wrong_sizes
from backfill.reading.files import short
from backfill.reading.yaml import read

STUDIES = Path("studies")
SECTIONS = ("splits", "encoders", "transforms", "orders", "methods")


@dataclass
class Catalogue:
    """All rows of some studies, by name, and the file that owns each.

    Attributes:
        studies: by name.
        splits, encoders, transforms, orders, methods: rows by name.
        owner: (section, row) -> name of the owning study.
        likes: (section, row) -> the row that it is like.
    """

    studies: dict[str, Study] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)
    encoders: dict[str, Encoder] = field(default_factory=dict)
    transforms: dict[str, Transform] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)
    owner: dict[tuple[str, str], str] = field(default_factory=dict)
    likes: likeness.Likes = field(default_factory=dict)

    @property
    def trained(self) -> dict[str, Trained]:
        """The encoders that are trained, not read."""
        return {n: row for n, row in self.encoders.items() if not isinstance(row, Stored)}

    def file(self, section: str, row: str) -> str:
        """The file that owns a row, for messages."""
        return str(path_of(self.owner[section, row]))

    @property
    def embedding_sets(self) -> list[str]:
        """Every embedding set: one per encoder, one per module or mix of a transform."""
        made = [f"{row}/{name}" for row, t in self.transforms.items() for name in t.makes]
        return [*self.encoders, *made]

    def add(self, name: str, study: Study) -> Iterator[Mistake]:
        """Take in a study's rows; names are unique among all studies."""
        self.studies[name] = study
        for section in SECTIONS:
            known: dict[str, Any] = getattr(self, section)
            for row, value in getattr(study, section).items():
                other = self.owner.setdefault((section, row), name)
                if other != name:
                    text = f"expected a name of its own, got one of {path_of(other)}"
                    yield Mistake(str(path_of(name)), f"{section}.{row}", text)
                known[row] = value


def path_of(study: str) -> Path:
    """The file of a study."""
    return STUDIES / f"{study}.yaml"


def names(folder: Path = Path()) -> list[str]:
    """All studies that there are; files whose name is not one of a study are left out.

    Args:
        folder: the root of the repository.
    """
    stems = (path.stem for path in (folder / STUDIES).glob("*.yaml"))
    return sorted(stem for stem in stems if re.fullmatch(NAME, stem))


def collect(
    studies: Iterable[str], dataset: str, scale: str, root: Path = Path()
) -> tuple[Catalogue, list[Mistake]]:
    """Read studies, and the studies whose rows they use.

    Args:
        studies: names.
        dataset: name; studies adapt the size of their rows to it,
        scale: and to this.
        root: of the repository.

    Returns:
        The catalogue, and the mistakes in the files.

    Raises:
        InputError: a study's file is missing or cannot be read, or studies use each other.
    """
    raws: dict[str, Any] = {}
    for name in studies:
        _gather(name, (), raws, root)
    catalogue = Catalogue()
    mistakes = [m for name, raw in raws.items() for m in wrong_sizes(raw, str(path_of(name)))]
    files = {str(path_of(name)): sized(raw, dataset, scale) for name, raw in raws.items()}
    mistakes += likeness.resolve(files, SECTIONS, catalogue.likes)
    if mistakes:
        return catalogue, mistakes
    for name, (file, raw) in zip(raws, files.items(), strict=True):
        study, wrong = parse(Study, raw, file)
        mistakes += wrong
        if study is not None:
            mistakes += catalogue.add(name, study)
    return catalogue, mistakes


def _gather(name: str, asking: tuple[str, ...], raws: dict[str, Any], root: Path) -> None:
    """Read a study after the studies that it builds on; `asking` are those that build on it."""
    if name in raws:
        return
    where = f"{path_of(asking[-1])}: uses: " if asking else ""
    if name in asking:
        loop = " -> ".join((*asking[asking.index(name) :], name))
        raise InputError(f"{where}expected studies that do not use each other, got {loop}")
    known = names(root)
    if name not in known:
        where = where or f"{STUDIES}: "
        raise InputError(f"{where}expected a study, got {short(name)}{nearest(name, known)}")
    raw = read(root / path_of(name))
    uses = raw.get("uses", []) if isinstance(raw, dict) else []
    if not isinstance(uses, list) or not all(isinstance(used, str) for used in uses):
        raise InputError(f"{path_of(name)}: uses: expected a list of studies, got {short(uses)}")
    for used in uses:
        _gather(used, (*asking, name), raws, root)
    raws[name] = raw
