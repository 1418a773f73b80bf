"""A service for one test, and an embedder that asks it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backfill.live.embedders import Embedder, checked
from backfill.live.embedders.openai import OpenAISettings, openai

from .service import Service

KEY = "sk-neither-seen-nor-told"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are tried again sooner than in earnest."""
    monkeypatch.setattr(checked, "_FIRST", 0.02)


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture
def made(service: Service, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Embedder]:
    """Makes an embedder for the service; settings are overridden by name."""
    monkeypatch.setenv("SERVICE_CREDENTIAL", KEY)

    def make(**settings: Any) -> Embedder:
        given = {
            "base_url": service.url,
            "model": "words",
            "key_from": "SERVICE_CREDENTIAL",
            "patience": 3,
        }
        return openai(OpenAISettings(**(given | settings)))

    return make
