"""What lies in a folder beside the vectors, and options that make no sense."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from backfill.errors import InputError
from backfill.forecast.ask import load
from backfill.forecast.cost import cost, measured_rate
from backfill.forecast.judging import recommended
from backfill.judgements import write_page
from backfill.texts.rates import read_rates


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("rate", 0),
        ("rate", -1.0),
        ("rate", np.nan),
        ("rate", np.inf),
        ("price", -1),
        ("price", np.nan),
    ],
)
def test_a_rate_or_a_price_that_is_none_is_named(option: str, value: float) -> None:
    with pytest.raises(InputError, match=f"^{option}: expected a number"):
        cost(10, 100, 8, **{option: value})


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "[]", '{"new": []}', '{"new": 1e999}', '{"new": 1' + "0" * 400 + "}", "\0"],
)
def test_what_is_no_rate_is_not_known(text: str, tmp_path: Path) -> None:
    path = tmp_path / ".backfill" / "rates.json"
    path.parent.mkdir()
    path.write_text(text)
    assert measured_rate(tmp_path) is None
    with pytest.raises(InputError, match=r"rates\.json: expected rates of models"):
        read_rates(path)


def test_pipes_beside_the_vectors_are_not_waited_for(tmp_path: Path) -> None:
    for name in ("forecast.json", "asked.json"):
        os.mkfifo(tmp_path / name)
    assert recommended(tmp_path) is None
    with pytest.raises(InputError, match=r"asked\.json: expected what"):
        load(tmp_path, 5)


def test_deep_or_huge_numbers_of_rows_are_an_error(tmp_path: Path) -> None:
    for rows in ("[" * 100_000, f"[{10**400}]"):
        (tmp_path / "asked.json").write_text(f'{{"rows": {rows}, "queries": []}}')
        with pytest.raises(InputError, match=r"asked\.json: expected"):
            load(tmp_path, 5)


def test_a_page_of_half_a_surrogate_pair_is_written(tmp_path: Path) -> None:
    path = tmp_path / "judge.html"
    write_page(path, {"q": "a\ud800</script>"}, {"q": ["d"]}, {"d": "\udfff"}, title="<t>\ud800")
    page = path.read_text("utf-8")
    assert page.count("</script>") == 2
    assert "<t>" not in page
    assert json.dumps("\udfff") in page
