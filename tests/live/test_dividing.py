"""Texts that get no vector are told from a model that gives none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from backfill.live.dividing import Divider
from backfill.live.embedders import Unavailable
from backfill.live.embedders.checked import Answer, Checked, Patience
from backfill.live.embedders.failed import Failed
from backfill.texts.models import Role

BATCH = [f"text {number}" for number in range(16)]
Fault = Callable[[Sequence[str]], object]


class Model:
    """Answers by the lengths of texts, unless `fault` raises, or gives other rows."""

    name, identity, dimensions = "lengths", "lengths", 2

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.asked: list[list[str]] = []

    def requests(self, texts: Sequence[str]) -> list[Sequence[str]]:
        return [texts]

    def embed(self, texts: Sequence[str], role: Role) -> Answer:
        self.asked.append(list(texts))
        rows = np.array([[len(text), 1.0] for text in texts])
        other = self.fault(texts)
        return Answer(rows if other is None else other, 2 * len(texts))


def divider(fault: Fault, known: str | None = None) -> tuple[Divider, Model]:
    model = Model(fault)
    patience = Patience.model_validate({"provider": "python", "patience": 60})
    return Divider(Checked(model, patience, sleep=lambda seconds: None), known), model


def refuses(*texts: str, **how: bool) -> Fault:
    def fault(asked: Sequence[str]) -> None:
        if set(texts) & set(asked):
            raise Failed("400 Bad Request: too long", **how)

    return fault


def not_a_number(asked: Sequence[str]) -> object:
    return [[np.nan if text == "text 5" else 1.0, 1.0] for text in asked]


@pytest.mark.parametrize("fault", [refuses("text 5", again=False, splits=True), not_a_number])
def test_one_text_is_found_and_the_others_are_embedded(fault: Fault) -> None:
    dividing, model = divider(fault)
    found = dividing.embed(BATCH)
    assert [*found.refused] == [5]
    assert found.rows == [row for row in range(16) if row != 5]
    assert found.embedding.vectors.shape == (15, 2)
    assert found.embedding.tokens == 30  # each was embedded once
    assert len(model.asked) < 25
    assert "400" in found.refused[5] or "not finite" in found.refused[5]


def test_several_texts_are_found_in_order() -> None:
    dividing, _ = divider(refuses("text 0", "text 7", "text 15", again=False))
    found = dividing.embed(BATCH)
    assert sorted(found.refused) == [0, 7, 15]
    assert found.rows == [row for row in range(16) if row not in (0, 7, 15)]
    expected = np.array([[len(BATCH[row]), 1.0] for row in found.rows])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found.embedding.vectors, expected, atol=1e-6)


def test_a_batch_of_nothing_else_is_refused_if_a_known_text_is_embedded() -> None:
    dividing, _ = divider(refuses(*BATCH, again=False), known="known")
    found = dividing.embed(BATCH[:3])
    assert (found.rows, sorted(found.refused)) == ([], [0, 1, 2])


def everything(asked: Sequence[str]) -> None:
    raise Failed("500", again=False)


def wide(asked: Sequence[str]) -> object:
    return np.ones((len(asked), 3))


def key(asked: Sequence[str]) -> None:
    raise Failed("401 Unauthorized: the key was refused", again=False, alike=True)


@pytest.mark.parametrize("fault", [everything, wide, key])
@pytest.mark.parametrize("known", [None, "known"])
def test_a_model_that_fails_for_all_refuses_none(fault: Fault, known: str | None) -> None:
    dividing, model = divider(fault, known)
    with pytest.raises(Unavailable):
        dividing.embed(BATCH)
    assert all(len(asked) in (1, 16) for asked in model.asked)  # nothing was divided


def test_a_model_that_breaks_while_a_batch_is_divided_refuses_none() -> None:
    calls = 0

    def fault(asked: Sequence[str]) -> None:
        nonlocal calls
        calls += 1
        if "text 5" in asked or calls > 4:
            raise Failed("500", again=False)

    dividing, _ = divider(fault)
    with pytest.raises(Unavailable):
        dividing.embed(BATCH)


def test_a_request_that_is_too_large_as_a_whole_refuses_none() -> None:
    def fault(asked: Sequence[str]) -> None:
        if len(asked) > 6:
            raise Failed("413 Content Too Large", again=False, splits=True)

    dividing, _ = divider(fault)
    found = dividing.embed(BATCH)
    assert (found.rows, found.refused) == ([*range(16)], {})
