"""The two models, as functions that a migration's file names: they look stored vectors up."""

from __future__ import annotations

from corpus import Corpus

from backfill.arrays import Float32s

_CORPUS = Corpus.of_environment()


def old(texts: list[str]) -> Float32s:
    """The model in service."""
    return _CORPUS.embedded(_CORPUS.old, texts)


def new(texts: list[str]) -> Float32s:
    """Its successor."""
    return _CORPUS.embedded(_CORPUS.new, texts)
