"""Models of sentence-transformers."""

# torch and sentence_transformers are imported inside functions: they come with an extra, and take
# seconds that who has finished need not spend.

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from backfill.arrays import Bools, Floats
from backfill.errors import InputError, needs

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Role = Literal["document", "query"]


def located(argument: str, name: str) -> str:
    """A model's folder as an absolute path, or its name as it is.

    Args:
        argument: that names the model, for messages.
        name: of a model, or of a folder.

    Raises:
        InputError: it can only be a folder, and is not there.
    """
    path = Path(os.path.expanduser(name))  # unlike Path's, quiet about users who are not there
    if name and path.is_dir():
        return str(path.resolve())
    if not name or path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise InputError(
            f"{argument}: expected the name or the folder of a model of sentence-transformers, "
            f"got {name!r}, which is no folder"
        )
    return name


@lru_cache(maxsize=2)
def load(name: str) -> SentenceTransformer:
    """Load a model once per process; code that it brings is not run.

    Args:
        name: of the model, or an absolute path of its folder.

    Raises:
        InputError: sentence-transformers is not installed, or there is no such model.
    """
    with needs("texts"):
        from sentence_transformers import SentenceTransformer
    try:
        return SentenceTransformer(name, trust_remote_code=False)
    except Exception as error:  # a damaged model fails in many ways, with many types
        reason = " ".join(str(error).split())
        raise InputError(
            f"{name}: expected a model that sentence-transformers can load, got "
            f"{type(error).__name__}: {reason:.300}"
        ) from error


def fingerprint(name: str) -> str:
    """What changes when the model does: a hash of its files, or its revision.

    Raises:
        InputError: there is no such model.
    """
    digest = hashlib.blake2b(digest_size=16)
    if os.path.isabs(name):
        root = Path(name)
        for path in sorted(root.rglob("*")):
            inside = path.relative_to(root)
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                with path.open("rb") as file:
                    digest.update(f"{inside}\0".encode())
                    digest.update(hashlib.file_digest(file, "blake2b").digest())
        return digest.hexdigest()
    model = load(name)
    import torch

    configs = (getattr(module, "config", None) for module in model.modules())
    for config in configs:
        if revision := getattr(config, "_commit_hash", None):
            return f"{name}@{revision}"
    for key, values in model.state_dict().items():
        digest.update(f"{key}\0".encode())
        digest.update(values.cpu().flatten().view(torch.uint8).numpy().tobytes())
    return f"{name}@{digest.hexdigest()}"


def encode(name: str, texts: list[str], role: Role, prompt: str | None, batch_size: int) -> Floats:
    """Embed texts.

    Args:
        name: of the model, as for :func:`load`.
        texts: n of them.
        role: asymmetric models treat queries and documents differently.
        prompt: before each text; None: the model's own for this role, if it has one.
        batch_size: texts at a time.

    Returns:
        (n, D) finite float32.

    Raises:
        InputError: a batch does not fit in memory, or the model gives no number.
    """
    import torch

    model = load(name)
    function = model.encode_query if role == "query" else model.encode_document
    try:
        rows = function(
            texts,
            prompt=prompt,
            batch_size=batch_size,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
    except torch.OutOfMemoryError as error:
        raise InputError(
            f"batch size: expected batches that fit in memory, got {batch_size}"
        ) from error
    rows = np.asarray(rows, np.float32)
    finite = np.isfinite(rows).all(axis=1)
    if not finite.all():
        text = texts[int(np.argmin(finite))]
        raise InputError(f"{name}: expected finite numbers, got others for the text {text[:60]!r}")
    return rows


def exceeding(name: str, texts: list[str]) -> Bools:
    """(n,) which texts are longer than what the model reads; what it does not tell is False."""
    from transformers import PreTrainedTokenizerBase

    model = load(name)
    limit, tokenizer = model.max_seq_length, model.tokenizer
    if not isinstance(tokenizer, PreTrainedTokenizerBase) or not limit:
        return np.zeros(len(texts), bool)
    tokens = tokenizer(texts, truncation=False, padding=False, verbose=False)["input_ids"]
    return np.array([len(each) > limit for each in tokens], bool)


def on_gpu() -> bool:
    """Whether models run on a GPU of this machine."""
    import torch

    return torch.cuda.is_available()
