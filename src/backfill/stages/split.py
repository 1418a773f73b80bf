"""Stage `split`: the dataset as plain arrays, and who trains on what."""

from __future__ import annotations

import json

from backfill.artifacts import PARTS, Layout, replacing, save_array
from backfill.datasets import load
from backfill.params import Params
from backfill.splits import ALLOCATIONS
from backfill.stages.command import run


def split(params: Params, layout: Layout) -> None:
    """Write images, labels, groups and relevance of each part, and the training rows."""
    dataset = load(params.dataset)
    chosen = params.split
    rows = ALLOCATIONS[chosen.allocation](dataset.train.labels, chosen.old_fraction, chosen.seed)
    with replacing(layout.split) as folder:
        # The same layout, under the temporary name.
        draft = Layout(params.dataset.name)
        draft.split = folder
        for part in PARTS:
            items = getattr(dataset, part)
            save_array(draft.images(part), items.images)
            save_array(draft.labels(part), items.labels)
            save_array(draft.groups(part), items.groups)
        for side, indices in rows.items():
            save_array(draft.allocation(side), indices)
        dataset.relevance.save(draft.relevance)
        names = {"classes": dataset.classes, "groups": dataset.group_names}
        (folder / "names.json").write_text(json.dumps(names, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    run(split)
