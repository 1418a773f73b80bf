"""Folders of files: taken into memory, changed at one place, and put down again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from random import Random
from typing import Any

from fuzz.mutations import mutated

# Relative path as bytes -> content; None: a folder; a string: a link to it.
Tree = dict[bytes, bytes | str | None]

NAMES = [
    b"caf\xe9",
    b"a|b",
    b"<b>x</b>",
    b"a\nb",
    b" ",
    b"-rf",
    b"x" * 200,
    b"$(touch PWNED)",
    b"; touch PWNED #",
    b"\xed\xa0\x80",
    "é".encode(),
    b"..x",
    b"*",
    b"%s{0}",
]


def taken(folder: Path) -> Tree:
    """All files and folders below a folder."""
    root = os.fsencode(folder)
    tree: Tree = {}
    for path, folders, files in os.walk(root):
        for name in sorted(folders):
            tree[os.path.relpath(os.path.join(path, name), root)] = None
        for name in sorted(files):
            with open(os.path.join(path, name), "rb") as file:
                tree[os.path.relpath(os.path.join(path, name), root)] = file.read()
    return tree


def names(tree: Tree) -> set[str]:
    """The names of files and folders, by which messages may call them."""
    return {os.fsdecode(os.path.basename(name)) for name in tree}


def put(tree: Tree, folder: Path) -> None:
    """Write a tree into a folder."""
    root = os.fsencode(folder)
    for name, content in tree.items():
        path = os.path.join(root, name)
        if content is None:
            os.makedirs(path, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(content, str):
            os.symlink(content, path)
        else:
            with open(path, "wb") as file:
                file.write(content)


def clear(folder: Path) -> None:
    """Remove all that is in a folder."""
    for path in os.scandir(os.fsencode(folder)):
        if path.is_dir(follow_symlinks=False):
            shutil.rmtree(path.path)
        else:
            os.unlink(path.path)


def changed(random: Random, valid: Tree, only: Sequence[str]) -> tuple[Tree, str]:
    """A tree with one change, and what it is; now and then with several."""
    tree = dict(valid)
    titles = []
    for _ in range(random.choice((1, 1, 1, 1, 2, 3))):
        files = [
            name
            for name, content in tree.items()
            if isinstance(content, bytes)
            and any(fnmatch(os.fsdecode(name), p.removeprefix("**/")) for p in only)
        ]
        if not files:
            break
        # Names first, then a file of the name: a thousand images do not hide the one list.
        kinds = sorted({os.path.splitext(name)[1] for name in files})
        kind = random.choice(kinds)
        name = random.choice([n for n in files if os.path.splitext(n)[1] == kind])
        if random.random() < 0.06:
            title = random.choice(_OF_TREES)(random, tree, name)
        else:
            content = tree[name]
            assert isinstance(content, bytes)
            others = [c for c in valid.values() if isinstance(c, bytes)]
            tree[name], title = mutated(random, os.fsdecode(name), content, others)
        titles.append(f"{os.fsdecode(name)}: {title}")
    return tree, "; ".join(titles)


def _remove(random: Random, tree: Tree, name: bytes) -> str:
    del tree[name]
    return "removed"


def _folder(random: Random, tree: Tree, name: bytes) -> str:
    tree[name] = None
    return "a folder"


def _link(random: Random, tree: Tree, name: bytes) -> str:
    target = random.choice(["missing", os.fsdecode(os.path.basename(name)), "/dev/null", "/", ".."])
    tree[name] = target
    return f"a link to {target}"


def _rename(random: Random, tree: Tree, name: bytes) -> str:
    suffix = os.path.splitext(name)[1]
    new = random.choice(NAMES) + random.choice((suffix, b""))
    tree[os.path.join(os.path.dirname(name), new)] = tree.pop(name)
    return f"renamed {new!r}"


def _rename_folder(random: Random, tree: Tree, name: bytes) -> str:
    folder = os.path.dirname(name)
    if not folder:
        return _rename(random, tree, name)
    new = os.path.join(os.path.dirname(folder), random.choice(NAMES))
    for path in [path for path in tree if path == folder or path.startswith(folder + b"/")]:
        tree[new + path[len(folder) :]] = tree.pop(path)
    return f"its folder renamed {new!r}"


def _twin(random: Random, tree: Tree, name: bytes) -> str:
    new = name + random.choice([b".bak", b".npy", b".json", b".txt", b"\xff"])
    tree[new] = tree[name]
    return f"also as {new!r}"


def _swap(random: Random, tree: Tree, name: bytes) -> str:
    files: list[Any] = [path for path, content in tree.items() if isinstance(content, bytes)]
    other = random.choice(files)
    tree[name], tree[other] = tree[other], tree[name]
    return f"swapped with {other!r}"


_OF_TREES = (_remove, _folder, _link, _rename, _rename_folder, _twin, _swap)
