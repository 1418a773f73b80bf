"""The commands, as people and scripts run them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from application import OLD, Make, fill
from journeys import MODULE, nearest, query

from backfill.cli import main
from backfill.live import Router

YAML = """\
name: trial
database: {kind: postgres, url: "${TEST_URL}", table: items, content: body}
old: {provider: python, function: "journey_models:old"}
new: {provider: python, function: "journey_models:new"}
sample: 40
price: {per_thousand_items: 5}
"""


class Shell:
    """Runs commands of `backfill` about one file."""

    def __init__(
        self, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._file, self._capsys, self._monkeypatch = file, capsys, monkeypatch

    def __call__(self, command: str, *options: str, status: object = 0) -> str:
        self._monkeypatch.setattr(sys, "argv", ["backfill", command, str(self._file), *options])
        with pytest.raises(SystemExit) as ended:
            main()
        out = self._capsys.readouterr().out
        if isinstance(status, int):
            assert (ended.value.code or 0) == status, (ended.value.code, out)
            return out
        return str(ended.value.code)

    def json(self, command: str, *options: str) -> Any:
        return json.loads(self(command, "--json", *options))


@pytest.fixture
def postgres(servers: dict[str, Make], tmp_path: Path) -> Any:
    application: Any = servers["postgres"](folder=tmp_path)
    fill(application, 60)
    return application


@pytest.fixture
def shell(
    postgres: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    (tmp_path / "journey_models.py").write_text(MODULE % (OLD, 12))
    file = tmp_path / "migration.yaml"
    file.write_text(YAML)
    monkeypatch.setenv("TEST_URL", postgres.url)
    return Shell(file, capsys, monkeypatch)


def test_a_migration_by_its_commands(shell: Shell, postgres: Any, tmp_path: Path) -> None:
    before = postgres.image()
    planned = shell.json("plan")
    assert (planned["items"], planned["money"]) == (60, pytest.approx(0.3))
    assert shell.json("status")["state"]["phase"] == "absent"
    assert "60 of 60 items are done" in shell("start")
    assert "60 of 60" in shell("start")  # again
    looked = shell.json("status")
    assert (looked["counts"]["done"], looked["fraction"]) == (60, 1.0)
    assert looked["probe"]["recall"] == 1.0
    assert looked["state"]["spent"] == pytest.approx(0.3 - 0.2)  # 40 are of the sample
    assert "paused" in shell("pause")
    assert shell.json("status", "--no-searches")["state"]["phase"] == "paused"
    shell("resume")
    page = tmp_path / "page.html"
    told = shell("status", "--page", str(page))
    assert "60 of 60, 100.0%" in told
    assert "60 of 60 items are done" in page.read_text()
    assert shell.json("verify")["faults"] == []
    assert "backfill" in shell("finish", "--keep-old")
    assert "rolled back" in shell("rollback", "--yes")
    assert postgres.image() == before
    assert shell.json("status")["state"]["phase"] == "absent"


def test_verify_fails_while_something_waits(shell: Shell, postgres: Any) -> None:
    shell("start")
    postgres.update(3, text="changed")
    found = json.loads(shell("verify", "--json", status=1))
    assert (found["complete"], found["counts"]["done"]) == (False, 59)
    said = shell("finish", "--keep-old", status="said")
    assert "1 items that wait" in said
    assert "backfill resume" in said


def test_a_sample_for_a_forecast(shell: Shell, postgres: Any, tmp_path: Path) -> None:
    queries = tmp_path / "queries.txt"
    queries.write_text("".join(f"query {number}\n" for number in range(25)))
    folder = tmp_path / "forecast"
    assert "60 items" in shell("sample", str(folder), "--queries", str(queries))
    from backfill.vectors import read

    found = read(folder)
    assert (found.old.shape, found.new.shape) == ((60, OLD), (40, 12))
    assert found.queries_new is not None
    assert len(found.queries_new) == 25
    file = tmp_path / "migration.yaml"
    file.write_text(f"{YAML}forecast: forecast\nmethod: ridge\n")
    shell("start")
    with Router.open(file) as router:
        hits = [result.id for result in router.search(query("text 5"), 5, exact=True)]
    assert hits == nearest(postgres, "text 5", 12, 5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("trial", "x; drop", "name: "),
        ("postgres", "oracle", "database: kind: expected"),
        ("content: body", "content: nothing", "database.content"),
        ("table: items", "tabel: items", "database.tab"),
        ("${TEST_URL}", "${NOT_THERE}", "environment variable NOT_THERE"),
        ("sample: 40", "sample: 40\nmethod: magic", "method: expected auto, old_query"),
        ("sample: 40", "sample: many", "sample: "),
        ("price: {per_thousand_items: 5}", "cap: 5", "price: expected one"),
        ('"journey_models:new"', '"journey_models:gone"', "journey_models"),
    ],
)
def test_mistakes_in_the_file_are_one_line(
    shell: Shell, tmp_path: Path, old: str, new: str, message: str
) -> None:
    file = tmp_path / "migration.yaml"
    file.write_text(YAML.replace(old, new, 1))
    said = shell("start", status="said")
    assert said.startswith("error: ")
    assert message in said
    assert "\n" not in said


def test_no_message_shows_the_password(
    shell: Shell, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.url.replace("postgres:", "postgres:s3cret", 1)
    monkeypatch.setenv("TEST_URL", url.replace("s3cret//", "//s3cret"))
    said = shell("status", status="said")
    assert said.startswith("error: ")
    assert "s3cret" not in said


def test_commands_about_nothing_say_so(shell: Shell) -> None:
    for command in ("pause", "resume", "verify"):
        assert "expected a migration that was started" in shell(command, status="said")
