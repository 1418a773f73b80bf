"""Prompts of the command line."""

import pytest

from backfill.errors import InputError
from backfill.texts import Prompts


def test_one_for_both_models_or_one_each() -> None:
    assert Prompts.parsed("--query-prompt", []) == Prompts(None, None)
    assert Prompts.parsed("--query-prompt", ["query: "]) == Prompts("query: ", "query: ")
    assert Prompts.parsed("--query-prompt", ["new=a = b: ", "old="]) == Prompts("", "a = b: ")


def test_two_for_one_model_are_a_mistake() -> None:
    with pytest.raises(InputError, match=r"--query-prompt: expected one .* the old model, got two"):
        Prompts.parsed("--query-prompt", ["query: ", "old=q: "])
