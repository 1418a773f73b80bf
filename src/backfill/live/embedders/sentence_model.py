"""Models of sentence-transformers, on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from backfill.errors import InputError
from backfill.live.embedders.checked import Answer, Checked
from backfill.live.embedders.failed import Failed, quoted
from backfill.live.embedders.identity import identity
from backfill.live.embedders.registry import EmbedderSettings, embedder
from backfill.texts import models
from backfill.texts.models import Role


class SentenceTransformersSettings(EmbedderSettings):
    """A model of sentence-transformers; code that it brings is never run."""

    provider: Literal["sentence-transformers"] = "sentence-transformers"
    model: str = Field(
        min_length=1, description="its name, or its folder, relative to the migration's file"
    )
    document_prompt: str | None = Field(
        None, description="before each document; none: the model's own, if it has one"
    )
    query_prompt: str | None = Field(
        None, description="before each query; none: the model's own, if it has one"
    )
    dimensions: int | None = Field(
        None, ge=1, description="keep only so many of the first dimensions"
    )
    batch_size: int = Field(32, ge=1, description="texts at a time")

    @field_validator("model")
    @classmethod
    def _beside_the_file(cls, model: str, info: ValidationInfo) -> str:
        folder = (info.context or {}).get("folder", Path())
        path = Path(folder, Path(model).expanduser())
        return str(path.resolve()) if path.is_dir() else model


class _SentenceModel:
    def __init__(self, settings: SentenceTransformersSettings) -> None:
        self._settings = settings
        self._located = models.located("model", settings.model)
        self.name = Path(self._located).name
        self.dimensions = settings.dimensions

    @cached_property
    def identity(self) -> str:
        return identity(
            provider=self._settings.provider,
            model=models.fingerprint(self._located),
            dimensions=self._settings.dimensions,
            document_prompt=self._settings.document_prompt,
        )

    def requests(self, texts: Sequence[str]) -> Iterable[Sequence[str]]:
        return [texts]

    def embed(self, texts: Sequence[str], role: Role) -> Answer:
        settings = self._settings
        prompt = settings.query_prompt if role == "query" else settings.document_prompt
        models.load(self._located)  # a model that is missing is the user's to mend
        try:
            rows = models.encode(self._located, list(texts), role, prompt, settings.batch_size)
        except (InputError, RuntimeError) as error:
            raise Failed(quoted(error), again=False) from error
        return Answer(rows[:, : settings.dimensions])


@embedder(SentenceTransformersSettings)
def sentence_transformers(settings: SentenceTransformersSettings) -> Checked:
    """An embedder that runs a model here; what fails is not tried again, as it would fail again.

    Raises:
        InputError: the model can only be a folder, and is not there.
    """
    return Checked(_SentenceModel(settings))
