"""Real texts with vectors of several models, as the demo uses them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np

from backfill.align.maps import unit
from backfill.arrays import Float32s, Int64s
from backfill.errors import InputError

FOLDER, OLD, NEW = "DEMO_TEXTS", "DEMO_OLD", "DEMO_NEW"  # environment of the processes


@dataclass(frozen=True)
class Corpus:
    """A folder with `texts.json`, a list; `labels.npy`; and MODEL.npy, (N, D), per model.

    Attributes:
        folder: where these are.
        old: name of the model in service.
        new: name of its successor.
    """

    folder: Path
    old: str
    new: str
    _read: dict[str, Float32s] = field(default_factory=dict, repr=False)

    @classmethod
    def of_environment(cls) -> Self:
        """The corpus that the demo has set for its processes."""
        return cls(Path(os.environ[FOLDER]), os.environ[OLD], os.environ[NEW])

    def environment(self) -> dict[str, str]:
        """What tells a process which corpus it is."""
        return {FOLDER: str(self.folder.absolute()), OLD: self.old, NEW: self.new}

    @cached_property
    def texts(self) -> list[str]:
        """N texts."""
        path = self.folder / "texts.json"
        try:
            return [str(text) for text in json.loads(path.read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{path}: expected a list of texts, got: {error}") from error

    @cached_property
    def labels(self) -> Int64s:
        """(N,) which texts are relevant to each other."""
        return np.asarray(self._array("labels"), np.int64)

    def vectors(self, model: str) -> Float32s:
        """(N, D) of unit length."""
        if model not in self._read:
            self._read[model] = unit(self._array(model))
        return self._read[model]

    @cached_property
    def row(self) -> dict[str, int]:
        """The row of each text; of equal ones the last."""
        return {text: row for row, text in enumerate(self.texts)}

    def embedded(self, model: str, texts: list[str]) -> Float32s:
        """What a model makes of some of the texts."""
        return self.vectors(model)[[self.row[text] for text in texts]]

    def _array(self, name: str) -> np.ndarray:
        path = self.folder / f"{name}.npy"
        try:
            return np.asarray(np.load(path, allow_pickle=False))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: expected an array, got: {error}") from error
