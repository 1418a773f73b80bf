"""A copy of this repository in which the pipeline has made its first report, on digits."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# All of these tests go to one worker, which runs the pipeline once.
ONE_WORKER = pytest.mark.xdist_group("pipeline")
ROOT = Path(__file__).parents[2]
# The comparison of all methods; further studies train encoders of their own.
TARGET = "report@overview"
COPIED = ("src", "conf", "dvc.yaml", "params.yaml", ".dvcignore", ".gitignore")


class Project:
    """A repository, and commands run in it as a user would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str, fails: bool = False, **environment: str) -> str:
        """Run a command; returns what it printed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment() | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert (done.returncode != 0) == fails, f"{' '.join(command)}\n{done.stdout}"
        return done.stdout

    def environment(self) -> dict[str, str]:
        """This process's, with the copy's code and this Python first."""
        return os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder / "src"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": "test",
            "GIT_AUTHOR_EMAIL": "test@localhost",
            "GIT_COMMITTER_NAME": "test",
            "GIT_COMMITTER_EMAIL": "test@localhost",
            "DVC_NO_ANALYTICS": "1",
        }

    def clone(self, folder: Path) -> "Project":
        """A fresh clone, with an empty cache of its own."""
        self.run("git", "clone", "--quiet", str(self.folder), str(folder))
        return Project(folder)

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one occurrence of `old` in a file."""
        text = (self.folder / path).read_text()
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {path}"
        (self.folder / path).write_text(text.replace(old, new))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after `dvc exp run -S dataset=digits report@overview`, committed.

    Clone it to change it.
    """
    folder = tmp_path_factory.mktemp("finished") / "backfill"
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / ".dvc").mkdir()
    for name in ("config", ".gitignore"):
        shutil.copy(ROOT / ".dvc" / name, folder / ".dvc" / name)
    shutil.copytree(ROOT / ".dvc" / "plots", folder / ".dvc" / "plots")
    project = Project(folder)
    project.run("git", "init", "--quiet")
    project.run("git", "add", ".")
    project.run("git", "commit", "--quiet", "--message", "Start")
    project.run("dvc", "exp", "run", "--set-param", "dataset=digits", TARGET)
    project.run("git", "add", ".")
    project.run("git", "commit", "--quiet", "--message", "Digits")
    return project
