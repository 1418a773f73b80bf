"""Stage report: the name of each query's group."""

import json
from pathlib import Path

import numpy as np
import pytest

from backfill.artifacts import Layout, save_array
from backfill.errors import InputError
from backfill.stages.report import query_groups


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(root=tmp_path)
    save_array(made.groups("query"), np.arange(6) % 2)
    return made


def test_groups_are_named(layout: Layout) -> None:
    layout.names.parent.mkdir(parents=True)
    layout.names.write_text(json.dumps({"groups": ["plain", "größer"]}))
    assert query_groups(layout).tolist() == ["plain", "größer"] * 3


@pytest.mark.parametrize("text", ["{}", "[", '{"groups": ["plain"]}'])
def test_names_that_lack_a_group_are_an_error(layout: Layout, text: str) -> None:
    layout.names.parent.mkdir(parents=True)
    layout.names.write_text(text)
    with pytest.raises(InputError, match=r"names\.json: expected the names of all groups"):
        query_groups(layout)
