"""Stage `transform`: the modules of one row, trained on stored embeddings, for each seed."""

from __future__ import annotations

import numpy as np

from backfill import device as devices
from backfill import transforms
from backfill.artifacts import LOG_VARIANCE, Layout, load_array, replacing, save_array
from backfill.encoders.classifier import StoredClassifier
from backfill.errors import InputError
from backfill.params import Params
from backfill.stages.command import Done, run


def transform(params: Params, layout: Layout, name: str) -> Done:
    """Write weights and training curves, and what the modules make of queries and gallery.

    Raises:
        InputError: stored embeddings are missing, or fastfill's classifier lacks classes.
    """
    row = params.transforms[name]
    training = row.training(params.transform)
    device = devices.choose(params.device)
    devices.make_deterministic(0)
    seen = load_array(layout.allocation(row.trains_on))
    views = {s: load_array(layout.embeddings(s, "train"))[:, seen] for s in row.inputs}
    labels = load_array(layout.labels("train"))[seen]
    stored = {
        part: {source: load_array(layout.embeddings(source, part))[0] for source in row.inputs}
        for part in ("query", "gallery")
    }

    classifier = None
    if row.loss == "fastfill":
        classifier = StoredClassifier.load(layout.embeddings(row.new))
        classes = np.unique(labels)
        missing = len(np.setdiff1d(classes, classifier.classes))
        if missing:
            raise InputError(
                f"transforms.{name}.new: the classifier of {row.new!r} lacks {missing} of the "
                f"{len(classes)} classes that are trained on, and loss fastfill needs all of them"
            )

    outputs: dict[str, dict[str, list[np.ndarray]]] = {  # type: ignore[type-arg]
        module: {part: [] for part in stored}
        for module in (*row.modules, *([LOG_VARIANCE] if row.uncertainty else []))
    }
    with replacing(layout.transform(name)) as folder:
        folder.mkdir()
        for seed in row.seeds or params.seeds:
            history: list[dict[str, float]] = []
            model = transforms.train(
                row,
                training,
                views,
                labels,
                classifier,
                seed=seed,
                device=device,
                log=history.append,
                title=f"transform {name}, seed {seed}",
            )
            transforms.save(model, folder / f"seed_{seed}.safetensors")
            rows = [f"{step}\t{record['loss']}" for step, record in enumerate(history)]
            (folder / f"loss_seed_{seed}.tsv").write_text("\n".join(["step\tloss", *rows, ""]))
            for part, embeddings in stored.items():
                for module, made in transforms.apply(model, embeddings, device).items():
                    outputs[module][part].append(made)
    with replacing(layout.embeddings(name)) as folder:
        for module, parts in outputs.items():
            for part, by_seed in parts.items():
                save_array(folder / module / f"{part}.npy", np.stack(by_seed))
    return Done(len(seen) * training.epochs * len(row.seeds or params.seeds), "embeddings")


if __name__ == "__main__":
    run(transform, "name")
