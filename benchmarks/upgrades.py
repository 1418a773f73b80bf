"""Upgrades of real text encoders without labels: every method, and the one that is forecast.

    python benchmarks/upgrades.py FOLDER [--report reports/text/upgrades] [--samples 3]

FOLDER is that of text_sets.py. Each case is an upgrade of a gallery of which some items are known
in the new space. The forecast sees these, all old vectors and the queries, and no judgements. What
it recommends is then measured by judgements on the whole gallery, beside all other methods.

What was measured is kept in --cache, and not measured again. Remove forecast.*.json there to
forecast again.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from backfill.arrays import Float64s, Int64s
from backfill.forecast import Forecast, Settings, forecast
from backfill.forecast.ask import NOTHING
from backfill.forecast.orders import hubs, random
from backfill.forecast.run import Forecaster
from backfill.forecast.systems import Fitted
from text_methods import CALIBRATED, Measured, along, cascade, references, rows
from text_sets import FOREIGN, OWN, QUERIES, UNSAMPLED_INTENTS, UNSEEN_INTENTS, Case, Drawn, draw

LARGE = ("wordllama", "minilm_l6")
MODEST = ("minilm_l3", "minilm_l6")
SMALL = ("minilm_l6", "mpnet")
CASES = (
    *(Case("cranfield", *m, OWN, 500) for m in (MODEST, SMALL, LARGE, ("wordllama", "mpnet"))),
    *(Case("banking", *models, UNSEEN_INTENTS, 2_000) for models in (MODEST, SMALL, LARGE)),
    *(Case("cranfield", *models, FOREIGN, 2_000) for models in (MODEST, SMALL, LARGE)),
    *(Case("banking", *models, FOREIGN, 1_400) for models in (MODEST, SMALL, LARGE)),
    *(Case("banking", *models, OWN, 2_000) for models in (MODEST, SMALL, LARGE)),
    *(Case("banking", *models, OWN, 500) for models in (MODEST, SMALL, LARGE)),
    *(Case("banking", *models, UNSAMPLED_INTENTS, 2_000) for models in (MODEST, SMALL, LARGE)),
)
# Names of the forecast's methods that are others here.
ROWS = {"old_query": "rm_naive", "old_query_calibrated": f"rm_naive{CALIBRATED}"}
CASCADES = (50, 200)
HUBS_FIRST = ", hubs first"
# Measured in this order too, beside what is recommended.
HUBS = tuple(f"{name}{CALIBRATED}{HUBS_FIRST}" for name in ("rm_naive", "residual", "mix"))
CONFIDENCE, STEP_CONFIDENCE = 0.95, 0.99
RECOMMENDED = "recommended"
ABOVE_NEW = "only from above new"  # how a curve falls that starts above its end
GAINS = {"banking": 95, "cranfield": 70}  # that are aimed at, on own texts


def main() -> None:
    """Measure all cases, sample by sample, and write table.md and table.csv after each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--report", type=Path, default=Path("reports/text/upgrades"))
    parser.add_argument("--cache", type=Path, default=Path("data/benchmarks/upgrades"))
    parser.add_argument("--samples", type=int, default=3, help="of known items and queries")
    parser.add_argument("--only", default="", help="part of the titles of the cases to measure")
    asked = parser.parse_args()
    for sample in range(asked.samples):
        for case in CASES:
            if asked.only in case.title:
                measure(case, asked.folder, sample, asked.cache / case.name)
                write(asked.cache, asked.report, asked.samples)
    for case in CASES:
        if case.fitted_on == OWN and case.corpus == "cranfield" and asked.only in case.title:
            judge(case, asked.folder, asked.cache / case.name)
    write(asked.cache, asked.report, asked.samples)


def measure(case: Case, folder: Path, sample: int, cache: Path) -> None:
    """Forecast and measure one sample of a case, what of it is not there yet.

    Files are sample.0.npz, what is true, and forecast.0.json, without judgements.
    """
    cache.mkdir(parents=True, exist_ok=True)
    true, forecasted = cache / f"sample.{sample}.npz", cache / f"forecast.{sample}.json"
    drawn = draw(case, folder, sample)
    settings = Settings(seed=sample)
    if not forecasted.exists() or not true.exists():
        upgrade = drawn.upgrade()
        forecaster = Forecaster.of(upgrade, NOTHING, settings)
        found = forecaster.forecast(upgrade, case.title, None, None)
        _measure(drawn, forecaster.searched.fitted, recommended_row(found), sample, true)
        forecasted.write_text(found.model_dump_json(indent=1))
    print(case.title, sample, flush=True)


def judge(case: Case, folder: Path, cache: Path) -> None:
    """Forecast the first sample of a case with judgements: judged.0.json."""
    path = cache / "judged.0.json"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        upgrade = draw(case, folder, 0).upgrade(judged=True)
        found = forecast(upgrade, folder=case.title, settings=Settings(seed=0))
        path.write_text(found.model_dump_json(indent=1))


def _measure(drawn: Drawn, fitted: Fitted, recommended: str, seed: int, path: Path) -> None:
    """Measure what of a sample is true, and was not measured before."""
    stored: dict[str, Any] = {}
    if path.exists():
        with np.load(path) as before:
            stored = dict(before)
    at_random, at_hubs = random(len(drawn.old.gallery), seed), hubs(drawn.old.gallery, seed)
    measured: dict[str, Measured] = {}
    for row in rows(drawn, fitted):
        for name, order in ((row.name, at_random), (f"{row.name}{HUBS_FIRST}", at_hubs)):
            asked = name in (row.name, *HUBS, recommended)
            if asked and f"{name}/{Measured._fields[0]}" not in stored:
                measured[name] = along(row, drawn, order)
    if not stored:
        measured["old"], measured["new"] = references(measured["rm_naive"], drawn)
        measured |= {f"cascade, {k} per query": cascade(drawn, k) for k in CASCADES}
    for name, of in measured.items():
        for field, values in of._asdict().items():
            stored[f"{name}/{field}"] = values.astype(np.float32)
    np.savez_compressed(path, **stored | {"queries": drawn.queries})


class Curves(NamedTuple):
    """A row of all samples of a case.

    Attributes:
        queries: which texts search, of each sample.
        measured: of each sample.
        old: of each sample, the old system.
        new: of each sample, the new system.
    """

    queries: Sequence[Int64s]
    measured: Sequence[Measured]
    old: Sequence[Measured]
    new: Sequence[Measured]

    def gains(self) -> list[float]:
        """Of each sample, in per cent."""
        return [
            100 * (_area(m) - _area(o)) / (_area(n) - _area(o))
            for m, o, n in zip(self.measured, self.old, self.new, strict=True)
        ]

    def difference(self, step: int, other: int | None, confidence: float) -> tuple[float, float]:
        """Between two fractions, or at one from the old system, paired by query.

        Returns:
            The mean, and half of its interval, in points. A query of several samples counts once.
        """
        each = [
            m.precision[:, step] - (o.precision[:, 0] if other is None else m.precision[:, other])
            for m, o in zip(self.measured, self.old, strict=True)
        ]
        queries, which = np.unique(np.concatenate(self.queries), return_inverse=True)
        values = np.concatenate(each)
        there = ~np.isnan(values)
        count = np.bincount(which[there], minlength=len(queries))
        total = np.bincount(which[there], values[there], minlength=len(queries))
        of = 100 * total[count > 0] / count[count > 0]
        half = stats.t.ppf((1 + confidence) / 2, len(of) - 1) * of.std(ddof=1) / len(of) ** 0.5
        return float(of.mean()), float(half)

    def never_falls(self) -> str:
        """Whether no step of ten is below 0 beyond chance, or leads below the new system."""
        steps = [self.difference(t, t - 1, STEP_CONFIDENCE) for t in range(1, 11)]
        falls = [t for t, (mean, half) in enumerate(steps, 1) if mean + half < 0]
        ends = [self.difference(t, 10, STEP_CONFIDENCE) for t in falls]
        if any(mean + half < -1e-9 for mean, half in ends):
            return "no"
        return ABOVE_NEW if falls else "yes"

    def row(self) -> dict[str, Any]:
        """All that the tables say of it."""
        start, half = self.difference(0, None, CONFIDENCE)
        found = {
            "start mAP": 100 * _mean([_points(m)[0] for m in self.measured]),
            "AUC_mAP": 100 * _mean([_area(m) for m in self.measured]),
            "overlap@10 start": 100 * _mean([_first(m.overlap[:, 0]) for m in self.measured]),
            "overlap@10 AUC": 100 * _mean([_overlap(m) for m in self.measured]),
            "precision@10 start": 100 * _mean([_first(m.first) for m in self.measured]),
            "start - old": start, "start - old, half interval": half,
            "starts below old": start + half < 0,
        }  # fmt: skip
        gains = self.gains()
        whole = not np.isnan(gains).any()
        return found | {
            "Gain": _mean(gains), "Gain, least": min(gains), "Gain, most": max(gains),
            "never falls": self.never_falls() if whole else "–",
        }  # fmt: skip


def _points(measured: Measured) -> Float64s:
    """(11,) mAP."""
    there = ~np.isnan(measured.precision).all(axis=1)
    return np.asarray(measured.precision[there].astype(np.float64).mean(axis=0))


def _first(values: Float64s) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")


def _area(measured: Measured) -> float:
    return float(np.trapezoid(_points(measured), dx=0.1))


def _overlap(measured: Measured) -> float:
    return float(np.trapezoid(measured.overlap.mean(axis=0), dx=0.1))


def _mean(values: Sequence[Any]) -> float:
    return float(np.mean(values))


def table_of(case: Case, cache: Path, samples: int) -> pd.DataFrame | None:
    """All rows of a case, from the samples that were measured; None: none was."""
    folder = cache / case.name
    done = [s for s in range(samples) if (folder / f"forecast.{s}.json").exists()]
    if not done:
        return None
    queries, measured = [], []
    for sample in done:
        with np.load(folder / f"sample.{sample}.npz") as stored:
            queries.append(stored["queries"])
            names = dict.fromkeys(key.rsplit("/", 1)[0] for key in stored.files if "/" in key)
            measured.append(
                {
                    n: Measured(*(stored[f"{n}/{field}"] for field in Measured._fields))
                    for n in names
                }
            )
    forecasts = [
        Forecast.model_validate_json((folder / f"forecast.{s}.json").read_text()) for s in done
    ]
    chosen = [recommended_row(found) for found in forecasts]
    old, new = [of["old"] for of in measured], [of["new"] for of in measured]

    def curves(of: Sequence[Measured]) -> dict[str, Any]:
        return Curves(queries, of, old, new).row()

    found = [
        {"method": name, **curves([of[name] for of in measured])}
        for name in ("old", "new", *(name for name in measured[0] if name not in ("old", "new")))
        if all(name in of for of in measured)
    ]
    of_chosen = [of[name] for of, name in zip(measured, chosen, strict=True)]
    verdicts = {f"{f.decision.verdict}: {name}" for f, name in zip(forecasts, chosen, strict=True)}
    found.append({"method": RECOMMENDED, **curves(of_chosen), "which": "; ".join(sorted(verdicts))})
    return pd.DataFrame(found).assign(case=case.title, samples=len(done))


def recommended_row(found: Forecast) -> str:
    """The row that a forecast recommends, with its order."""
    name = ROWS.get(found.decision.method, found.decision.method + CALIBRATED)
    return f"{name}{HUBS_FIRST}" if found.decision.order == "hubs" else name


def write(cache: Path, report: Path, samples: int) -> None:
    """Write the report of what was measured so far."""
    tables = {
        case: table for case in CASES if (table := table_of(case, cache, samples)) is not None
    }
    lines = [
        "# Upgrades of text encoders without labels",
        "",
        *_said(samples, len(CASES) - len(tables)),
        "",
    ]
    lines += ["## What the forecast recommends", "", *_summary(tables), ""]
    lines += ["## With judgements", "", *_judged(cache, tables), ""]
    for case, table in tables.items():
        lines += [f"## {case.title}", "", f"Samples: {table['samples'].iloc[0]}.", ""]
        lines += [_shown(table).to_markdown(index=False, disable_numparse=True), ""]
    report.mkdir(parents=True, exist_ok=True)
    as_csv(pd.concat(tables.values())).to_csv(report / "table.csv", index=False)
    (report / "table.md").write_text("\n".join(lines))


def as_csv(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the columns of other reports, and shares instead of per cent."""
    columns = {
        "case": "panel", "method": "method", "start mAP": "map_start", "AUC_mAP": "auc_map",
        "Gain": "gain", "Gain, least": "gain_low", "Gain, most": "gain_high",
        "overlap@10 start": "overlap_10_start", "overlap@10 AUC": "overlap_10",
        "precision@10 start": "precision_10_start", "start - old": "start_above_old",
        "start - old, half interval": "start_above_old_half_interval",
        "starts below old": "starts_below_old", "never falls": "never_falls",
        "samples": "samples", "which": "which",
    }  # fmt: skip
    shares = table.rename(columns=columns)[list(columns.values())]
    numbers = list(columns.values())[2:12]
    shares[numbers] = (shares[numbers].astype(float) / 100).round(5)
    return shares


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    plain = ["start mAP", "AUC_mAP", "overlap@10 start", "overlap@10 AUC", "precision@10 start"]
    shown: dict[str, Any] = {"method": table["method"]}
    for name in plain[:2]:
        shown[name] = table[name].map(_one)
    shown["Gain"] = [
        "–" if np.isnan(g) else f"{g:.0f} [{low:.0f}, {high:.0f}]"
        for g, low, high in zip(
            table["Gain"], table["Gain, least"], table["Gain, most"], strict=True
        )
    ]
    for name in plain[2:]:
        shown[name] = table[name].map(_one)
    shown["start - old"] = _differences(table)
    shown["never falls"] = table["never falls"]
    return pd.DataFrame(shown)


def _one(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1f}"


def _differences(table: pd.DataFrame) -> list[str]:
    halves = table["start - old, half interval"]
    return [f"{d:+.1f} ± {h:.1f}" for d, h in zip(table["start - old"], halves, strict=True)]


def _summary(tables: dict[Case, pd.DataFrame]) -> list[str]:
    """A row per case: what is recommended, and what it is worth."""
    shown = []
    for case, table in tables.items():
        by_name = table.set_index("method")
        row, best = by_name.loc[RECOMMENDED], _best(table)
        aim = GAINS[case.corpus] if case.fitted_on == OWN and case.pairs < 5_000 else None
        if case.corpus == "banking" and case.pairs == 500:
            aim = None
        new = by_name.loc["new", "precision@10 start"]
        of_cascade = by_name.loc[f"cascade, {CASCADES[0]} per query", "precision@10 start"] / new
        shown.append({
            "case": case.title, "samples": row["samples"],
            "old": _one(by_name.loc["old", "start mAP"]),
            "new": _one(by_name.loc["new", "start mAP"]),
            "recommended": row["which"],
            "Gain": f"{row['Gain']:.0f} [{row['Gain, least']:.0f}, {row['Gain, most']:.0f}]",
            "aim": "–" if aim is None else f"{aim}",
            "start - old": _differences(by_name.loc[[RECOMMENDED]])[0],
            "never falls": row["never falls"],
            "best here": f"{best['method']}: {best['Gain']:.0f}",
            f"cascade {CASCADES[0]}, precision@10 / new": f"{of_cascade:.3f}",
        })  # fmt: skip
    return [pd.DataFrame(shown).to_markdown(index=False, disable_numparse=True)]


def _best(table: pd.DataFrame) -> pd.Series:
    """The greatest Gain of what starts at or above old and never falls, by judgements."""
    rows = table[~table["method"].isin(["old", "new", RECOMMENDED])]
    fits = ~rows["starts below old"].astype(bool) & rows["never falls"].isin(["yes", ABOVE_NEW])
    return rows[fits].sort_values("Gain").iloc[-1]


def _judged(cache: Path, tables: dict[Case, pd.DataFrame]) -> list[str]:
    """A row per upgrade: what the forecast says with judgements, and what is true."""
    shown = []
    for case, table in tables.items():
        path = cache / case.name / "judged.0.json"
        if not path.exists():
            continue
        found = Forecast.model_validate_json(path.read_text())
        assert found.better is not None
        new = table.set_index("method").loc["new"]
        better = found.better
        shown.append({
            "case": case.title,
            "new - old, mAP, measured": f"{new['start - old']:+.1f} "
            f"± {new['start - old, half interval']:.1f}",
            f"new - old, {found.measure}, forecast": f"{100 * better.value:+.1f} "
            f"[{100 * better.low:+.1f}, {100 * better.high:+.1f}]",
            "verdict": found.decision.verdict,
            "method": recommended_row(found),
        })  # fmt: skip
    return [pd.DataFrame(shown).to_markdown(index=False, disable_numparse=True)] if shown else []


def _said(samples: int, missing: int) -> list[str]:
    left = f" {missing} of {len(CASES)} cases are not measured yet." if missing else ""
    return [
        f"Made by `python benchmarks/upgrades.py FOLDER --samples {samples}`. mAP, overlap@10 with "
        "the new ranking and precision@10 in percent, over whole rankings and galleries; Gain: "
        "AUC_mAP where `old` has 0 and `new` 100, with the least and the most of the samples. "
        "`start - old` is paired by query, with its 95% interval. A curve falls if a step of ten "
        f"is below 0 beyond chance, at 99%; `{ABOVE_NEW}` if no such step leads below the new "
        f"system, where every curve ends. {QUERIES} queries per sample of banking, all 225 of "
        f"Cranfield.{left}",
    ]


if __name__ == "__main__":
    main()
