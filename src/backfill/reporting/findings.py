"""What the numbers of a panel say, in the few sentences that one would tell a colleague."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backfill.reporting.measures import MAP
from backfill.reporting.study import Study
from backfill.reporting.text import interval, listed, percent, points, whole_percent

_NAMED = 6  # more names than this are not read; the table has them


def findings(study: Study, panel: str) -> list[str]:
    """The headline of a panel first, then what else a reader should know; plain text.

    Says which method has the largest AUC_mAP, whether its curve falls, how far ahead it is, which
    methods meet all three conditions, which is best on AUC_CMC@1 if that is another one, and what
    the bounds reach.
    """
    upgrades = list(study.panels[panel].contenders)
    if not upgrades:
        return [
            f"There is nothing to compare between {' and '.join(study.panels[panel].references)}."
        ]
    numbers = study.numbers[panel]
    best, *others = sorted(upgrades, key=lambda k: numbers[k].auc_map.value, reverse=True)
    sentences = [_headline(study, panel, best), _curve(study, panel, best)]
    if others:
        sentences.append(_lead(study, panel, best, others[0]))
    sentences.append(_conditions(study, panel, upgrades))
    by_hits = max(upgrades, key=lambda k: numbers[k].auc_cmc[1].value)
    if by_hits != best:
        ours, theirs = (percent(numbers[k].auc_cmc[1].value) for k in (by_hits, best))
        if ours != theirs:
            sentences.append(f"By AUC_CMC@1 the best is {by_hits}, with {ours} against {theirs}.")
    return [*sentences, *_bounds(study, panel)]


def _bounds(study: Study, panel: str) -> list[str]:
    """What methods could reach that know the answers."""
    bounds = [
        label for label in study.panels[panel].upgrades if label in study.panels[panel].bounds
    ]
    if not bounds:
        return []
    numbers = study.numbers[panel]
    reached = listed([f"{label} has {percent(numbers[label].auc_map.value)}" for label in bounds])
    return [f"As a bound, with what nobody knows in advance, {reached} of AUC_mAP."]


def _headline(study: Study, panel: str, best: str) -> str:
    numbers = study.numbers[panel][best]
    area = numbers.auc_map
    text = f"{best} is best: AUC_mAP {percent(area.value)} {interval(area.low, area.high)}"
    # Where old and new are equally good there is no step to have a share of.
    known = np.isfinite(numbers.gain.value)
    return f"{text}, a Gain of {whole_percent(numbers.gain.value)}." if known else f"{text}."


def _curve(study: Study, panel: str, best: str) -> str:
    numbers = study.numbers[panel][best]
    ends = "no lower than" if numbers.on_map.ends_at_new == numbers.on_map.runs else "below"
    text = (
        f"Its mAP goes from {percent(numbers.map_start)} to {percent(numbers.map_end)} "
        f"({ends} {study.panels[panel].new})"
    )
    rising, runs = numbers.on_map.never_falls, numbers.on_map.runs
    if rising == runs:
        return f"{text} and never falls."
    where = "" if rising == 0 else f", in {runs - rising} of {runs} runs"
    return f"{text} and falls by up to {points(-numbers.worst_step)} in one step{where}."


def _lead(study: Study, panel: str, best: str, second: str) -> str:
    lead = study.difference(panel, best, second, MAP)
    text = f"{second} is next, {points(lead.difference)} behind {interval(lead.low, lead.high)}"
    return f"{text}." if lead.verdict(MAP) == "better" else f"{text}: not a clear difference."


def _conditions(study: Study, panel: str, upgrades: Sequence[str]) -> str:
    meet = [k for k in upgrades if study.numbers[panel][k].on_map.everywhere]
    fail = [k for k in upgrades if k not in meet]
    if not fail:
        return "Every method meets all three conditions."
    if not meet:
        return "No method meets all three conditions."
    verb = "meets" if len(meet) == 1 else "meet"
    text = f"{len(meet)} of {len(upgrades)} methods {verb} all three conditions"
    if len(meet) <= min(len(fail), _NAMED):
        return f"{text}: {listed(meet)}."
    if len(fail) <= _NAMED:
        return f"{text}; {listed(fail)} {'does' if len(fail) == 1 else 'do'} not."
    return f"{text}."
