"""How long to train: as long as classes that training does not see are not worse off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from backfill.arrays import Bools, Float64s, Int64s, System
from backfill.losses.registry import TRANSFORM_LOSSES
from backfill.relevance import Relevance
from backfill.retrieval import backfill_curve
from backfill.transforms.examples import Examples
from backfill.transforms.modules import Embeddings, Transforms

if TYPE_CHECKING:
    from backfill.params.rows.transforms import Transform
    from backfill.params.settings import TransformTraining

# Told at every check of a training how many steps it has made, and what the modules are by then.
Watch = Callable[[int, Transforms], None]
JUDGES = 2000  # held-out items, at most, that are searched


def steps_that_generalise(
    row: Transform,
    training: TransformTraining,
    examples: Examples,
    rehearse: Callable[[Examples, Watch], None],
    seed: int,
) -> int:
    """Train on a part of the examples and see how long the rest gains from it.

    A loss that uses labels is judged by retrieval among classes that were left out: mAP at the
    start, in the middle and at the end of a backfill. One that does not, by the distance between
    the two embeddings of items that were left out.

    Args:
        row: the transform.
        training: its settings.
        examples: all that it will be trained on.
        rehearse: trains on some examples, and tells its second argument how it goes, from before
            the first step on.
        seed: of what is left out.

    Returns:
        The number of steps, 0 if the modules are to stay as they start.
    """
    judges = left_out(row, training, examples.labels.cpu().numpy(), seed)
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(judges))[:JUDGES]
    searched = examples.among(np.sort(rows))
    repeated = len(np.unique(searched.labels.cpu().numpy())) < len(searched)
    by_labels = repeated and TRANSFORM_LOSSES[row.loss].uses_labels
    scores: dict[int, Float64s] = {}

    def watch(step: int, model: Transforms) -> None:
        scores[step] = (_retrieval if by_labels else _nearness)(row, model, searched)

    rehearse(examples.among(np.flatnonzero(~judges)), watch)
    if not by_labels:
        return best(scores)
    return last_above(scores, FLOORS[training.floor](row, searched, scores[0]))


def best(scores: Mapping[int, Float64s]) -> int:
    """The number of steps with the highest mean.

    Args:
        scores: steps -> what is to be high, by then.

    Returns:
        One of the keys; of equals, the first.
    """
    return max(scores, key=lambda step: float(scores[step].mean()))


def last_above(scores: Mapping[int, Float64s], floor: Float64s) -> int:
    """The number of steps up to which no check has found anything below a floor.

    Args:
        scores: steps -> what is to be high, by then; 0 is the start.
        floor: of each number; the start itself is always allowed.

    Returns:
        One of the keys.
    """
    reached = 0
    for step in sorted(scores)[1:]:
        if (scores[step] < floor).any():
            break
        reached = step
    return reached


def left_out(row: Transform, training: TransformTraining, labels: Int64s, seed: int) -> Bools:
    """(N,) which items judge: whole classes, or for a loss without labels some items of each.

    Two classes at least judge, and two at least are trained on; of fewer than four, items judge.
    """
    rng = np.random.default_rng(seed)
    classes = np.unique(labels)
    if not TRANSFORM_LOSSES[row.loss].uses_labels or len(classes) < 4:
        chosen = np.zeros(len(labels), np.bool_)
        count = max(1, round(training.held_out * len(labels)))
        chosen[rng.permutation(len(labels))[:count]] = True
        return chosen
    count = min(max(2, round(training.held_out * len(classes))), len(classes) - 2)
    return np.isin(labels, rng.choice(classes, count, replace=False))


@torch.inference_mode()
def _made(model: Transforms, examples: Examples) -> tuple[Embeddings, Embeddings]:
    """What the modules make of the first and of the last view."""
    training = model.training
    model.eval()
    made = tuple(model({n: v[view] for n, v in examples.stored.items()}) for view in (0, -1))
    model.train(training)
    return made[0], made[1]


def _retrieval(row: Transform, model: Transforms, examples: Examples) -> Float64s:
    """MAP at 0%, 50% and 100% of a backfill of the examples, each searched for the others."""
    first, last = _made(model, examples)
    systems = row.systems
    before, after = (
        System(first[s.query].cpu().numpy(), last[s.gallery].cpu().numpy())
        for s in (systems["before"], systems.get("after", systems["before"]))
    )
    return _curve(before, after, examples)


def _of_old(row: Transform, examples: Examples, start: Float64s) -> Float64s:
    """MAP of the old system, wherever the start is not below it already."""
    first, last = (examples.stored[row.old][view].cpu().numpy() for view in (0, -1))
    return np.minimum(start, _curve(System(first, last), System(first, last), examples))


def _of_start(row: Transform, examples: Examples, start: Float64s) -> Float64s:
    """What the closed forms have."""
    return start


# What no check may fall below, by the name that settings give as `floor`.
FLOORS: dict[str, Callable[[Transform, Examples, Float64s], Float64s]] = {
    "old": _of_old,
    "closed_form": _of_start,
}


def _curve(before: System, after: System, examples: Examples) -> Float64s:
    labels = examples.labels.cpu().numpy()
    relevance = Relevance.from_labels(labels, labels, ignore_self=True)
    order = np.random.default_rng(0).permutation(len(labels))
    threads = torch.get_num_threads()
    curve = backfill_curve(before, after, order, relevance, checkpoints=3)
    torch.set_num_threads(threads)  # Numba's threads are OpenMP's, and so are torch's
    return curve.mean_average_precision


def _nearness(row: Transform, model: Transforms, examples: Examples) -> Float64s:
    """Minus the mean squared distance of an item's two embeddings in the system before."""
    first, _ = _made(model, examples)
    pair = first[row.before.query], first[row.before.gallery]
    return np.array([-float((pair[0] - pair[1]).square().sum(1).mean())])
