"""The page that people follow says what the commands do."""

import re
from pathlib import Path

import pytest
import yaml

from backfill.live.settings import Migration, read

PAGE = (Path(__file__).parents[2] / "docs" / "migrate.md").read_text()


def test_its_file_is_a_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "migration.yaml"
    file.write_text(block)
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:s3cret@localhost/db")
    found = read(file)
    assert (found.name, found.cap, found.new.provider) == ("docs_v2", 50, "openai")
    assert "s3cret" not in f"{found!r} {found}"
    assert set(yaml.safe_load(block)) <= set(Migration.model_fields)


def test_every_command_is_on_it() -> None:
    from backfill.live.command import app

    names = {(c.name or getattr(c.callback, "__name__", "")) for c in app.registered_commands}
    assert names == set(re.findall(r"backfill (\w+) migration\.yaml", PAGE))


def test_python_on_it_is_python() -> None:
    for block in re.findall(r"```python.*?\n(.*?)```", PAGE, re.DOTALL):
        compile(block, "migrate.md", "exec")
