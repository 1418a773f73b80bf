"""Settings that each are right and cannot be had together."""

from __future__ import annotations

from collections.abc import Iterator

from backfill.params.mistakes import Mistake
from backfill.params.settings import Params


def mistakes(params: Params, file: str) -> Iterator[Mistake]:
    """What one process, a cluster, or the first places of a ranking cannot give."""
    chosen = [name for name, is_set in params.presets.items() if is_set]
    if chosen and chosen != [params.dataset.name]:
        text = f"expected that of dataset {params.dataset.name!r}, got that of {chosen[0]!r}"
        yield Mistake(file, "presets", f"{text}; `git restore params.yaml` takes it back")
    processes, size = params.train.processes, params.train.batch_size
    engine, evaluate = params.compute.engine, params.evaluate
    if engine == "local" and processes > 1:
        text = f"expected 1 with compute.engine local, got {processes}; ray has more"
        yield Mistake(file, "train.processes", text)
    if size % processes:
        text = f"expected a divisor of train.batch_size, {size}, got {processes}"
        yield Mistake(file, "train.processes", text)
    if engine == "ray" and ":" in params.device:
        text = f"expected a kind of device with compute.engine ray, got {params.device!r}"
        yield Mistake(file, "device", text)
    if not {1, 5} <= set(evaluate.top_k):
        text = f"expected 1 and 5, which reports show, among others, got {evaluate.top_k}"
        yield Mistake(file, "evaluate.top_k", text)
    if evaluate.search == "whole":
        return
    if evaluate.checkpoints == "all":
        text = f"expected whole with checkpoints all, got {evaluate.search!r}"
        yield Mistake(file, "evaluate.search", text)
    if evaluate.map_at is not None and max(evaluate.top_k) > evaluate.map_at:
        text = (
            f"expected at least the largest of top_k, {max(evaluate.top_k)}, got {evaluate.map_at}"
        )
        yield Mistake(file, "evaluate.map_at", text)
