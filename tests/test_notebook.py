"""Cells of notebooks/ run in order, and print what is stored below them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import matplotlib as mpl
import pytest

from printed import alike

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BASH = "%%bash\n"


def printed_below(cell: dict[str, object]) -> str:
    """What a cell printed when the notebook was stored, without pictures."""
    outputs = cell["outputs"]
    assert isinstance(outputs, list)
    assert not [output for output in outputs if output["output_type"] == "error"]
    return "".join("".join(output["text"]) for output in outputs if output.get("name") == "stdout")


def test_notebooks_are_found() -> None:
    assert [path.name for path in NOTEBOOKS] == ["forecast.ipynb"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_of_a_notebook_print_what_is_stored_below_them(
    notebook: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    mpl.use("agg")
    names: dict[str, object] = {"__name__": notebook.stem}
    for cell in json.loads(notebook.read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        if source.startswith(BASH):
            done = subprocess.run(
                ["bash", "-e", "-c", source.removeprefix(BASH)], capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            printed = done.stdout
        else:
            exec(compile(source, notebook.name, "exec"), names)
            printed = capsys.readouterr().out
        assert alike(printed, printed_below(cell)), printed
