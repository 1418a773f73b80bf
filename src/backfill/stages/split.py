"""Stage `split`: the dataset as plain arrays, and who trains on what."""

from __future__ import annotations

import json

import numpy as np

from backfill.arrays import Int64s
from backfill.artifacts import PARTS, Layout, replacing, save_array, save_chunks, save_twin
from backfill.datasets import Dataset, ImageSet, load, splits
from backfill.datasets.image_files import ImageFiles, require_decoded
from backfill.errors import InputError
from backfill.params.rows.splits import Split
from backfill.pipeline.plans import SplitPlan
from backfill.stages.command import Done, run


def split(plan: SplitPlan, layout: Layout) -> Done:
    """Write images, labels, groups and relevance of each part, and the rows of every share.

    Image files are decoded straight to disk, and those of a gallery that is its own query set once.

    Args:
        plan: the stage's settings.
        layout: of the workspace.

    Raises:
        InputError: the dataset cannot be used, or not be split as asked; names all images, of all
            parts, that cannot be decoded.
    """
    dataset = load(plan.dataset)
    shares = {name: shares_of(name, row, dataset) for name, row in plan.splits.items()}
    with replacing(layout.split) as folder:
        # The same layout, under the temporary name.
        draft = Layout(layout.workspace)
        draft.split = folder
        undecodable: list[str] = []
        for part in PARTS:
            items: ImageSet = getattr(dataset, part)
            save_array(draft.labels(part), items.labels)
            save_array(draft.groups(part), items.groups)
            if items.images is None:
                continue
            if part == "gallery" and items is dataset.query:
                save_twin(draft.images(part), draft.images("query"))
            elif isinstance(items.images, ImageFiles):
                chunks = items.images.chunks(undecodable)
                save_chunks(draft.images(part), items.images.shape, np.uint8, chunks)
            else:
                save_array(draft.images(part), items.images)
        require_decoded(undecodable)
        for name, of_split in shares.items():
            for share, rows in of_split.items():
                save_array(draft.share(f"{name}/{share}"), rows)
        dataset.relevance.save(draft.relevance)
        names = {
            "classes": dataset.classes,
            "groups": dataset.group_names,
            "map_at": dataset.map_at,
            **({"trapezoidal": True} if dataset.trapezoidal else {}),
            **({"notes": dataset.notes} if dataset.notes else {}),
        }
        draft.names.write_text(json.dumps(names, ensure_ascii=False, indent=1), encoding="utf-8")
    kind = "images" if plan.dataset.has_images else "items"
    return Done(sum(len(getattr(dataset, part).labels) for part in PARTS), kind)


def shares_of(name: str, row: Split, dataset: Dataset) -> dict[str, Int64s]:
    """The training rows of each share of one split.

    Raises:
        InputError: the dataset cannot be split so; names the row.
    """
    try:
        return splits.shares_of(
            row, dataset.train.labels, dataset.train.groups, dataset.group_names
        )
    except InputError as error:
        raise InputError(f"splits.{name}.{error}") from error


if __name__ == "__main__":
    run(split)
