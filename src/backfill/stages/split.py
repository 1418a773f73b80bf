"""Stage `split`: the dataset as plain arrays, and who trains on what."""

from __future__ import annotations

import json

import numpy as np

from backfill import splits
from backfill.artifacts import PARTS, Layout, replacing, save_array, save_chunks, save_twin
from backfill.datasets import Dataset, ImageSet, load
from backfill.datasets.image_files import ImageFiles, require_decoded
from backfill.errors import InputError
from backfill.params import BiasedSplit, FractionSplit, Params, SequentialSplit, Split
from backfill.stages.command import Done, run


def split(params: Params, layout: Layout) -> Done:
    """Write images, labels, groups and relevance of each part, and every split's training rows.

    Image files are decoded straight to disk, and those of a gallery that is its own query set
    once. Raises one InputError that names all files, of all parts, that cannot be decoded.
    """
    dataset = load(params.dataset)
    rows = {name: parts_of(name, row, dataset) for name, row in params.splits.items()}
    with replacing(layout.split) as folder:
        # The same layout, under the temporary name.
        draft = Layout(params.dataset.name)
        draft.split = folder
        undecodable: list[str] = []
        for part in PARTS:
            items: ImageSet = getattr(dataset, part)
            save_array(draft.labels(part), items.labels)
            save_array(draft.groups(part), items.groups)
            if part == "gallery" and items is dataset.query:
                save_twin(draft.images(part), draft.images("query"))
            elif isinstance(items.images, ImageFiles):
                chunks = items.images.chunks(undecodable)
                save_chunks(draft.images(part), items.images.shape, np.uint8, chunks)
            else:
                save_array(draft.images(part), items.images)
        require_decoded(undecodable)
        for name, parts in rows.items():
            for part, indices in parts.items():
                save_array(draft.allocation(f"{name}/{part}"), indices)
        dataset.relevance.save(draft.relevance)
        names = {
            "classes": dataset.classes,
            "groups": dataset.group_names,
            "map_at": dataset.map_at,
        }
        (folder / "names.json").write_text(json.dumps(names, ensure_ascii=False, indent=1))
    return Done(sum(len(getattr(dataset, part).labels) for part in PARTS), "images")


def parts_of(name: str, row: Split, dataset: Dataset) -> dict[str, splits.Rows]:
    """The training rows of each part of one split.

    Raises:
        InputError: the dataset cannot be split so; names the row of params.yaml.
    """
    labels = dataset.train.labels
    try:
        if isinstance(row, SequentialSplit):
            return splits.sequential(labels, row.fractions, row.seed)
        if isinstance(row, BiasedSplit):
            unknown = sorted(set(row.minority) - set(dataset.group_names))
            if unknown:
                known = ", ".join(dataset.group_names)
                raise InputError(f"minority: no group {', '.join(unknown)}; there are {known}")
            minority = np.flatnonzero(np.isin(dataset.group_names, row.minority)).tolist()
            return splits.biased(labels, dataset.train.groups, minority, row.fraction, row.seed)
        assert isinstance(row, FractionSplit)
        of_fraction = {
            "extended_class": splits.extended_class,
            "open_class": splits.open_class,
            "expansion": splits.expansion,
            "open_data": splits.open_data,
        }
        return of_fraction[row.allocation](labels, row.fraction, row.seed)
    except InputError as error:
        raise InputError(f"splits.{name}.{error}") from error


if __name__ == "__main__":
    run(split)
