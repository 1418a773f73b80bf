"""Arrays and objects under data/."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from backfill.artifacts import load_array, load_object
from fuzz.readers import bombs
from fuzz.registry import cases, content, reader


def made(folder: Path) -> None:
    """An array."""
    np.save(folder / "gallery.npy", np.random.default_rng(0).normal(size=(20, 5)).astype("f4"))


@reader("array", made, share=1.5)
def read_array(folder: Path) -> object:
    """An array, read and memory-mapped."""
    mapped = load_array(folder / "gallery.npy", memory_map=True)
    whole = load_array(folder / "gallery.npy")
    assert whole.shape == mapped.shape
    assert not whole.dtype.hasobject
    return whole


cases("array", {name: content("gallery.npy", data) for name, data in bombs.NPY.items()})


@reader("array, mapped", made, share=0.5)
def read_mapped(folder: Path) -> object:
    """An array, memory-mapped alone: of a large one nothing may be read."""
    return load_array(folder / "gallery.npy", memory_map=True).shape


cases("array, mapped", {name: content("gallery.npy", data) for name, data in bombs.NPY.items()})


def names(folder: Path) -> None:
    """names.json, as the stage split writes it."""
    (folder / "names.json").write_text('{"classes": ["a", "b"], "groups": ["all"], "map_at": null}')


@reader("names.json", names, share=0.5)
def read_names(folder: Path) -> object:
    """A JSON object."""
    found = load_object(folder / "names.json", "names")
    assert all(type(key) is str for key in found)
    return found


cases("names.json", {name: content("names.json", data) for name, data in bombs.JSON.items()})
