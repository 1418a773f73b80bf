"""Maps between real text encoders, on classes that their training saw and on others.

    python benchmarks/unseen_classes.py FOLDER [--report reports/text/unseen_classes] [--seeds 1]

FOLDER holds labels.npy, and one MODEL.npy per encoder, (N, D), of banking intents: 10,003 texts of
the published training part, then those of the test part. Two thirds of the intents are seen: maps
are fitted and trained on 2,000 training texts of theirs. The other training texts, of all intents,
are the gallery, and test texts are the queries, of seen and of unseen intents. Settings are those
of params.yaml.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
import yaml
from pydantic import TypeAdapter

from backfill import transforms
from backfill.arrays import Array, Bools, Int64s, System
from backfill.params.rows.transforms import Transform
from backfill.params.settings import TransformTraining
from backfill.retrieval import Relevance, backfill_curve

TRAINING_TEXTS = 10_003
FITTED_ON = 2_000
SEEN = 2 / 3
UPGRADES = (("minilm_l3", "minilm_l6"), ("minilm_l6", "mpnet"), ("wordllama", "minilm_l6"))
CPU = torch.device("cpu")

_SHARED = {"old": "old", "new": "new", "trains_on": "some/texts"}
_H = _SHARED | {"modules": {"h": ["old"]}, "loss": "alignment", "before": "new -> h"}
_PSI = _H | {"modules": {"psi": ["new"]}, "before": "psi -> old",
             "mixes": {"slerp": {"of": ["old", "psi"], "weight": 0.5}}}  # fmt: skip
_RM = _SHARED | {"modules": {"rho": ["new"], "psi": ["rho"]}, "loss": "mcl",
                 "before": "psi -> old", "after": "rho", "closed_form": "procrustes"}  # fmt: skip
_FORWARD = _RM | {"modules": {"rho": ["new"], "h": ["old"]}, "before": "rho -> h",
                  "separate": True, "closed_form": "ridge"}  # fmt: skip
CLOSED: dict[str, dict[str, Any]] = {
    f"{name}{where}": row | {"form": "closed", "closed_form": name}
    for name in ("ridge", "procrustes")
    for where, row in (("", _H), (", queries back", _PSI))
}
# `stopped` ends where classes held out of those that it trains on would fall below the old system.
_FORMS: dict[str, dict[str, Any]] = {
    "residual": {"form": "residual"},
    "stopped": {"form": "residual", "held_out": 0.2},
    "layers": {"form": "layers", "steps": 280, "learning_rate": 0.001},
}
TRAINED = {
    f"{name}, {form}": row | settings
    for name, row in (("fct", _H), ("rm", _RM), ("forward", _FORWARD))
    for form, settings in _FORMS.items()
    if (name, form) != ("fct", "stopped")
}


class Texts(NamedTuple):
    """Who is fitted on, searched and searched with.

    Attributes:
        labels: (N,) intents.
        fitted: texts that maps are fitted on.
        gallery: texts that are searched.
        query: texts that search.
        seen: (Q,) whether a query's intent was fitted on.
    """

    labels: Int64s
    fitted: Int64s
    gallery: Int64s
    query: Int64s
    seen: Bools

    @classmethod
    def of(cls, labels: Int64s, seed: int = 0) -> "Texts":
        """Draw the seen intents and the texts."""
        rng = np.random.default_rng(seed)
        intents = rng.permutation(np.unique(labels))
        seen = intents[: round(SEEN * len(intents))]
        training = rng.permutation(TRAINING_TEXTS)
        fitted = training[np.isin(labels[training], seen)][:FITTED_ON]
        query = np.arange(TRAINING_TEXTS, len(labels))
        gallery = np.setdiff1d(training, fitted)
        return cls(labels, fitted, gallery, query, np.isin(labels[query], seen))


def methods(stored: dict[str, Array], texts: Texts, seed: int) -> Iterator[tuple[str, Any, Any]]:
    """Name, system before and system after of each method, one seed."""
    training = yaml.safe_load(Path("params.yaml").read_text())["transform"]
    old, new = (System(v[texts.query], v[texts.gallery]) for v in stored.values())
    yield "old", old, old
    yield "new", new, new
    yield "rm_naive", old, new
    for name, raw in (CLOSED | TRAINED).items():
        row: Transform = TypeAdapter(Transform).validate_python(raw)
        settings = row.training(TransformTraining(**training))
        views = {name: v[None, texts.fitted] for name, v in stored.items()}
        labels = texts.labels[texts.fitted]
        model = transforms.train(row, settings, views, labels, seed=seed, device=CPU, title=name)
        query, gallery = (
            {n: v[part] for n, v in stored.items()}
            | transforms.apply(model, {n: v[part] for n, v in stored.items()}, CPU)
            for part in (texts.query, texts.gallery)
        )
        after = row.systems.get("after")
        end = System(query[after.query], gallery[after.gallery]) if after else new
        yield name, System(query[row.before.query], gallery[row.before.gallery]), end
        for mix in row.mixes:
            yield name.replace("queries back", mix), System(query[mix], gallery["old"]), end


def measured(stored: dict[str, Array], texts: Texts, seed: int) -> Iterator[dict[str, Any]]:
    """One row of the report per method and merge: mAP of seen and of unseen intents, in percent."""
    relevance = Relevance.from_labels(texts.labels[texts.query], texts.labels[texts.gallery])
    order = np.random.default_rng(seed).permutation(len(texts.gallery))
    for name, before, after in methods(stored, texts, seed):
        same = name in ("old", "new")
        for merge in ("distance",) if same else ("distance", "background_nearest"):
            curve = backfill_curve(before, after, order, relevance, merge=merge)
            row: dict[str, Any] = {"method": name, "merge": merge}
            for group, chosen in (("seen", texts.seen), ("unseen", ~texts.seen)):
                of_group = 100 * curve.average_precision[chosen].mean(0)
                row[f"{group} AUC_mAP"] = np.trapezoid(of_group, curve.fraction)
                row[f"{group} 0%"], row[f"{group} 100%"] = of_group[0], of_group[-1]
            yield row


def below(table: pd.DataFrame) -> list[str]:
    """Methods that start below old on unseen intents; a merge changes nothing at the start."""
    plain = table[table["merge"] == "distance"]
    floor = plain.loc[plain["method"] == "old", "unseen 0%"].item()
    return list(plain.loc[plain["unseen 0%"] < floor - 1e-9, "method"])


def main() -> None:
    """Measure all upgrades and write table.md and table.csv."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--report", type=Path, default=Path("reports/text/unseen_classes"))
    parser.add_argument("--seeds", type=int, default=1, help="of training and backfill order")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    texts = Texts.of(np.load(asked.folder / "labels.npy"))
    tables = []
    lines = ["# Classes that training did not see", "", _said(texts, asked.seeds), ""]
    for upgrade in UPGRADES:
        stored = {}
        for role, model in zip(("old", "new"), upgrade, strict=True):
            rows = np.load(asked.folder / f"{model}.npy").astype(np.float32)
            stored[role] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        runs = [pd.DataFrame(measured(stored, texts, seed)) for seed in range(asked.seeds)]
        table = pd.concat(runs).groupby(["method", "merge"], sort=False).mean().reset_index()
        found = below(table)
        shown = table.round(1).to_markdown(index=False)
        lines += [f"## {upgrade[0]} to {upgrade[1]}", "", shown, ""]
        lines += [f"Below `old` at 0% on unseen intents: {'; '.join(found) or 'none'}.", ""]
        tables.append(table.assign(upgrade=" to ".join(upgrade)))
    asked.report.mkdir(parents=True, exist_ok=True)
    pd.concat(tables).round(3).to_csv(asked.report / "table.csv", index=False)
    (asked.report / "table.md").write_text("\n".join(lines))


def _said(texts: Texts, seeds: int) -> str:
    return (
        f"Banking intents, two thirds of them seen; maps fitted and trained on {FITTED_ON:,} of "
        f"their texts; {len(texts.query):,} queries, {len(texts.gallery):,} texts in the gallery; "
        f"mAP in percent, {seeds} seed{'s' if seeds > 1 else ''}. Made by `python "
        f"benchmarks/unseen_classes.py FOLDER --seeds {seeds}`."
    )


if __name__ == "__main__":
    main()
