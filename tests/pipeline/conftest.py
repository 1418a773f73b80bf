"""Copies of this repository in which the pipeline has run on digits: each is made once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .settings_files import ROOT, set_value

# All of these tests go to one worker, which runs the pipeline once.
ONE_WORKER = pytest.mark.xdist_group("pipeline")
COPIED = ("src", "conf", "studies", "dvc.yaml", "params.yaml", ".dvcignore", ".gitignore")
COPIED_OF_DVC = ("config", ".gitignore", "plots")
# Few rows of the main comparison, and one of its own.
STUDY = """\
question: What does rank fusion lose against `rm`?
uses: [overview]
methods:
  rank_fusion: {like: rm_naive, merge: reciprocal_rank}
panels:
  all: {old: old, new: new, shows: {rm: rm}}
"""
UP_TO_DATE = "Data and pipelines are up to date."


class Project:
    """A repository, and commands run in it as a user would.

    Args:
        folder: of the repository.
        sources: the package that its commands import. All copies share one, so that what Numba
            compiles is compiled once; DVC looks at the repository's own.
    """

    def __init__(self, folder: Path, sources: Path) -> None:
        self.folder = folder
        self.sources = sources

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
            "PYTHONPATH": str(self.sources),
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
        return Project(folder, self.sources)

    def copy(self, folder: Path) -> "Project":
        """A clone with this project's outputs in place, and its cache."""
        project = self.clone(folder)
        project.run("dvc", "config", "--local", "cache.dir", str(self.folder / ".dvc" / "cache"))
        project.run("dvc", "checkout")
        return project

    def commit(self) -> None:
        """Commit everything that git does not ignore."""
        self.run("git", "add", ".")
        self.run("git", "commit", "--quiet", "--message", "Commit")

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace the one occurrence of `old` in a file."""
        text = (self.folder / path).read_text()
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {path}"
        (self.folder / path).write_text(text.replace(old, new))

    def set(self, file: str, key: str, value: object) -> None:
        """Give a key, with dots, of a YAML file a value."""
        set_value(self.folder / file, key, value)


def stages_run(printed: str) -> list[str]:
    """The stages that `dvc repro` says it runs."""
    lines = printed.splitlines()
    return [line.split("'")[1] for line in lines if line.startswith("Running stage")]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after its first run, `dvc exp run -S dataset=digits`, committed.

    Copy it to change it.
    """
    folder = tmp_path_factory.mktemp("finished") / "backfill"
    folder.mkdir()
    for name in COPIED:
        source = ROOT / name
        # With modification times, by which Numba knows what it has compiled already.
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / name)
    (folder / ".dvc").mkdir()
    for name in COPIED_OF_DVC:
        source = ROOT / ".dvc" / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, folder / ".dvc" / name)
    project = Project(folder, folder / "src")
    project.run("git", "init", "--quiet")
    project.commit()
    project.run("dvc", "exp", "run", "--set-param", "dataset=digits")
    project.commit()
    return project


@pytest.fixture
def copy(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project."""
    return finished.copy(tmp_path / "copy")


@pytest.fixture(scope="session")
def studied(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy in which a study of one's own has been made beside the main comparison, committed."""
    project = finished.copy(tmp_path_factory.mktemp("studied") / "backfill")
    (project.folder / "studies" / "mine.yaml").write_text(STUDY)
    project.run("backfill", "study", "mine", "dataset=digits")
    project.commit()
    return project
