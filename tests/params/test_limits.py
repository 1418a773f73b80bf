"""Settings that cannot be had together."""

import pytest

from .conftest import PARAMS, Files


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"compute.engine": "ray", "train.processes": 3},
            "train.processes: expected a divisor of train.batch_size, 64, got 3",
        ),
        (
            {"evaluate.search": "nearest", "evaluate.map_at": 100, "evaluate.checkpoints": "all"},
            "evaluate.search: expected whole with checkpoints all, got 'nearest'",
        ),
    ],
)
def test_what_cannot_be_had_together_is_one_mistake(
    files: Files, settings: dict[str, object], message: str
) -> None:
    for key, value in settings.items():
        files.set(PARAMS, key, value)
    (line,) = files.mistakes()
    assert message in line
