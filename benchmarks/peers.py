"""Other tools' maps and merges beside ours, on the same arrays in the same run.

    python -m venv peers && peers/bin/pip install isotrieve==0.4.0 rebasis==0.1.0   # Python 3.12
    python benchmarks/peers.py FOLDER --python peers/bin/python

FOLDER is that of text_sets.py. The tools have packages of their own, so they are fitted by
peers_fits.py with the interpreter of that environment.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from backfill.align import fit
from backfill.arrays import Floats, Int64s, System
from backfill.forecast.orders import position_of, random
from backfill.forecast.systems import fit_systems
from backfill.measures import of_queries
from text_methods import CALIBRATED, FRACTIONS, K, Measured, Row, along, cascade, references, rows
from text_sets import OWN, Case, Drawn, draw

CASES = (
    Case("cranfield", "minilm_l3", "minilm_l6", OWN, 500),
    Case("cranfield", "minilm_l6", "mpnet", OWN, 500),
    Case("banking", "minilm_l3", "minilm_l6", OWN, 2_000),
)
FITS = {f"{name}{CALIBRATED}": name for name in ("procrustes", "ridge", "residual")}
OURS = (f"rm_naive{CALIBRATED}", *FITS, f"mix{CALIBRATED}")
PEERS = ("isotrieve_ridge", "isotrieve_procrustes")
REBASIS = "rebasis"


def main() -> None:
    """Measure all cases and write table.md and table.csv after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", type=Path, required=True, help="has the other tools")
    parser.add_argument("--report", type=Path, default=Path("reports/text/peers"))
    asked = parser.parse_args()
    tables = []
    lines = ["# Other tools", "", *_said(), ""]
    for case in CASES:
        drawn = draw(case, asked.folder, 0)
        table = pd.DataFrame(measured(drawn, peers(drawn, asked.python)))
        tables.append(table.assign(case=case.title))
        shown = table.copy()
        for name in table.columns[1:]:
            digits = 2 if "fit" in name else 1
            shown[name] = [
                "–" if np.isnan(value) else f"{value:.{digits}f}" for value in table[name]
            ]
        lines += [f"## {case.title}", ""]
        lines += [shown.to_markdown(index=False, disable_numparse=True), ""]
        asked.report.mkdir(parents=True, exist_ok=True)
        as_csv(pd.concat(tables)).to_csv(asked.report / "table.csv", index=False)
        (asked.report / "table.md").write_text("\n".join(lines))
        print(case.title, flush=True)


def as_csv(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns of other reports, and shares instead of per cent."""
    columns = {
        "case": "panel", "method": "method", "start mAP": "map_start", "AUC_mAP": "auc_map",
        "Gain": "gain", "overlap@10 start": "overlap_10_start", "overlap@10 AUC": "overlap_10",
        "precision@10 start": "precision_10_start", "fit, s": "fit_seconds",
        "fit / ridge": "fit_beside_ridge",
    }  # fmt: skip
    shares = table.rename(columns=columns)[list(columns.values())]
    numbers = list(columns.values())[2:8]
    shares[numbers] = shares[numbers] / 100
    return shares.round(5)


def peers(drawn: Drawn, python: Path) -> dict[str, Any]:
    """What the other tools make of the arrays."""
    with tempfile.TemporaryDirectory() as folder:
        arrays, fitted = Path(folder) / "arrays.npz", Path(folder) / "fitted.npz"
        np.savez(
            arrays,
            pairs_old=drawn.old.gallery[drawn.known],
            pairs_new=drawn.new.gallery[drawn.known],
            queries_new=drawn.new.query,
            gallery=drawn.old.gallery,
        )
        program = Path(__file__).parent / "peers_fits.py"
        subprocess.run([python, program, arrays, fitted], check=True)
        with np.load(fitted) as stored:
            return dict(stored)


def measured(drawn: Drawn, found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A row of the report per way of upgrading."""
    old, new, known = drawn.old, drawn.new, drawn.known
    order = random(len(old.gallery), 0)
    fitted = fit_systems(
        old.gallery[known], new.gallery[known], old.query, new.query, with_back=False
    )
    naive = along(Row("rm_naive", old), drawn, order)
    levels = references(naive, drawn)
    points = [100 * float(np.nanmean(of.precision[:, 0])) for of in levels]

    def said(name: str, of: Measured, seconds: float = np.nan) -> dict[str, Any]:
        there = ~np.isnan(of.precision[:, 0])
        curve = 100 * of.precision[there].mean(axis=0)
        area = float(np.trapezoid(curve, FRACTIONS))
        return {
            "method": name, "start mAP": float(curve[0]), "AUC_mAP": area,
            "Gain": 100 * (area - points[0]) / (points[1] - points[0]),
            "overlap@10 start": 100 * float(of.overlap[:, 0].mean()),
            "overlap@10 AUC": 100 * float(np.trapezoid(of.overlap.mean(axis=0), FRACTIONS)),
            "precision@10 start": 100 * float(np.nanmean(of.first)),
            "fit, s": seconds, "fit / ridge": seconds / unit,
        }  # fmt: skip

    times = {name: _seconds(drawn, name) for name in FITS.values()}
    unit = times["ridge"]
    yield said("old", levels[0])
    yield said("new", levels[1])
    for row in rows(drawn, fitted):
        if row.name in OURS:
            yield said(
                row.name, along(row, drawn, order), times.get(FITS.get(row.name, ""), np.nan)
            )
    yield said("cascade, 50 per query", cascade(drawn, 50))
    for peer in PEERS:
        if f"{peer}/gallery" in found:
            row = Row(peer, System(new.query, found[f"{peer}/gallery"]))
            yield said(
                peer.replace("_", "'s "), along(row, drawn, order), float(found[f"{peer}/seconds"])
            )
    if f"{REBASIS}/query" in found:
        # Ties of calibrated scores are broken by the rank within a side, as the tool does.
        raw = found[f"{REBASIS}/query"] @ old.gallery.T
        scores = found[f"{REBASIS}/calibrated"].astype(np.float64) + 1e-9 * raw
        yield said(
            "rebasis's bridge and merge",
            by_scores(scores, new.query @ new.gallery.T, order, drawn),
            float(found[f"{REBASIS}/seconds"]),
        )


def by_scores(waiting: Floats, backfilled: Floats, order: Int64s, drawn: Drawn) -> Measured:
    """Measure scores of waiting and of backfilled items along an order."""
    place = position_of(order) / len(order)
    wanted = np.argsort(-backfilled, axis=1, kind="stable")[:, :K]
    names = ["AP", f"precision@{K}"]
    precision, overlap, first = [], [], np.empty(0)
    for fraction in FRACTIONS:
        scores = np.where(place < fraction, backfilled, waiting)
        ranked = np.argsort(-scores, axis=1, kind="stable")
        found = of_queries(names, ranked, drawn.judgements)
        precision.append(found["AP"])
        overlap.append((wanted[:, :, None] == ranked[:, None, :K]).any(axis=2).mean(axis=1))
        first = found[names[1]] if fraction == 0 else first
    return Measured(np.stack(precision, axis=1), np.stack(overlap, axis=1), first)


def _seconds(drawn: Drawn, name: str) -> float:
    """The faster of two fits."""
    pairs = drawn.old.gallery[drawn.known], drawn.new.gallery[drawn.known]
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        fit(*pairs, name)
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def _said() -> list[str]:
    return [
        "Made by `python benchmarks/peers.py FOLDER --python PYTHON`, where PYTHON has isotrieve "
        "0.4.0 and rebasis 0.1.0. All of them have the same known items; queries and galleries are "
        "those of the first sample of [upgrades](../upgrades/table.md). isotrieve's maps have no "
        "merge: similarities are compared as they are. rebasis carries new queries into the old "
        "space; its isotonic merge is made for the first 10 results, and flat below them, which "
        "mAP over the whole ranking sees and overlap@10 does not. EmbedFlow 0.8 and vecshift 0.4 "
        "fit no map. In percent; one thread; the fit's time is the faster of two, and beside that "
        "of `ridge`.",
    ]


if __name__ == "__main__":
    main()
