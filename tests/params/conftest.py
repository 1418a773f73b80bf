"""A copy of the committed settings that a test may change."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from backfill.errors import InputError
from backfill.params import Settings, load
from backfill.params.catalogue import names
from backfill.reading.yaml import read

ROOT = Path(__file__).parents[2]
PARAMS = "params.yaml"


def study(name: str) -> str:
    """The file of a study."""
    return f"studies/{name}.yaml"


class Files:
    """params.yaml and studies/ in the current folder."""

    def read(self, file: str) -> dict[str, Any]:
        content: dict[str, Any] = read(Path(file))
        return content

    def write(self, file: str, content: Any) -> None:
        Path(file).write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))

    def set(self, file: str, key: str, value: Any) -> None:
        """Give a key, with dots, a value."""
        content = node = self.read(file)
        *path, last = key.split(".")
        for step in path:
            node = node.setdefault(step, {})
        node[last] = value
        self.write(file, content)

    def delete(self, file: str, key: str) -> None:
        """Take a key away."""
        content = node = self.read(file)
        *path, last = key.split(".")
        for step in path:
            node = node[step]
        del node[last]
        self.write(file, content)

    def load(self, *studies: str) -> Settings:
        """Load params.yaml with these studies, by default with all."""
        return load(PARAMS, studies or names())

    def mistakes(self, *studies: str) -> list[str]:
        """The lines of the error that loading raises."""
        with pytest.raises(InputError) as found:
            self.load(*studies)
        first, *others = str(found.value).splitlines()
        if others:
            assert first == f"{len(others)} mistakes"
        return [line.strip() for line in others] or [first]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """The committed files, in a folder of the test's own that is the current one."""
    (tmp_path / "studies").mkdir()
    for path in [ROOT / PARAMS, *(ROOT / "studies").glob("*.yaml")]:
        (tmp_path / path.relative_to(ROOT)).write_text(path.read_text())
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    monkeypatch.chdir(tmp_path)
    return Files()
