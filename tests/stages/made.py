"""Rows and shared settings for plans: the committed ones, at the size of digits."""

import contextlib
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from backfill.params import validated
from backfill.params.catalogue import collect, names
from backfill.params.rows.encoders import Encoder
from backfill.params.rows.orders import Order
from backfill.params.rows.splits import Split
from backfill.params.rows.transforms import Transform
from backfill.pipeline import presets
from backfill.pipeline.plans import OrderPlan, SplitPlan, TrainPlan, TransformPlan

ROOT = Path(__file__).parents[2]
with contextlib.chdir(ROOT):  # conf/ is below it
    DIGITS = validated(presets.composed(["dataset=digits", "device=cpu", "threads=1"]), "digits")
ROWS = collect(names(ROOT), "digits", "cpu", ROOT)[0]


def changed(row: Any, kind: Any, changes: dict[str, Any]) -> Any:
    """A row with other values, validated again."""
    return TypeAdapter(kind).validate_python(row.model_dump(exclude_none=True) | changes)


def split_plan(**splits: Any) -> SplitPlan:
    """Digits, with these splits."""
    return SplitPlan(dataset=DIGITS.dataset, splits=splits)


def train_plan(name: str, train: dict[str, Any] | None = None, **changes: Any) -> TrainPlan:
    """The encoder `name`, with changes to its row and to the shared settings."""
    row = changed(ROWS.encoders[name], Encoder, changes)
    shared = changed(DIGITS.train, type(DIGITS.train), {"epochs": 1} | (train or {}))
    return TrainPlan(device="cpu", threads=1, row=row, train=row.training(shared))


def transform_plan(name: str, seeds: list[int], threads: int = 1, **changes: Any) -> TransformPlan:
    """The transform `name`, tiny, with changes to its row."""
    row = changed(ROWS.transforms[name], Transform, changes)
    tiny = DIGITS.transform.model_copy(
        update={"width": 8, "steps": 4, "checks": 2, "batch_size": 20}
    )
    return TransformPlan(
        device="cpu", threads=threads, row=row, training=row.training(tiny), seeds=seeds
    )


def order_plan(row: dict[str, Any] | str, seeds: list[int]) -> OrderPlan:
    """An order by its row, or by the name of a committed one."""
    chosen = ROWS.orders[row] if isinstance(row, str) else TypeAdapter(Order).validate_python(row)
    return OrderPlan(threads=1, seeds=seeds, row=chosen)


def split_row(**values: Any) -> Any:
    """A row of `splits`."""
    return TypeAdapter(Split).validate_python(values)
