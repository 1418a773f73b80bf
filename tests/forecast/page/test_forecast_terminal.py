"""A forecast on a terminal of 80 columns."""

import re

import pytest
from handmade import forecast

from backfill.forecast.terminal import told


def shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **changed) -> str:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    told(forecast(**changed))
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)


def test_no_line_is_longer_and_nothing_is_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(monkeypatch, capsys)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert "old_query_calibrated  50.0 ±2.0" in text


def test_one_method_is_recommended_and_others_say_why_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(monkeypatch, capsys)
    last = {line.split()[0]: line.split()[-1] for line in text.splitlines() if " ±" in line}
    assert last["mix"] == "recommended"
    assert last["old_query"] == "falls"
    assert "starts low" in text
    keep = forecast().decision.model_copy(update={"verdict": "keep"})
    assert " recommended\n" not in shown(monkeypatch, capsys, decision=keep)


def test_markup_in_names_is_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = shown(monkeypatch, capsys, notes=["the file [bold]a[/bold] is [/nothing]"])
    assert "Note: the file [bold]a[/bold] is [/nothing]" in text
