"""What the numbers say, as sentences computed from them."""

from collections.abc import Mapping
from typing import Any

from backfill.reporting.wording import listed, percent, points


def findings(
    metrics: Mapping[str, Mapping[str, Any]], *, old: str, new: str, level: float
) -> list[str]:
    """The headline first, then what else a reader should know; plain text.

    Says which method has the largest AUC_mAP and how sure that is, how it compares with the fully
    backfilled new model, whether its curve falls, which methods meet all three conditions, and
    which has the largest AUC_CMC where that is another one.
    """
    methods = {name: numbers for name, numbers in metrics.items() if name not in (old, new)}
    if not methods:
        return [f"There is nothing between {old} and {new} to compare yet."]
    ranked = sorted(methods, key=lambda name: methods[name]["auc_map"], reverse=True)
    best = ranked[0]
    sentences = [_headline(best, methods[best], level), _curve(best, methods[best], new)]
    if len(ranked) > 1:
        sentences.append(_runner_up(best, ranked[1], methods))
    sentences.append(_conditions(methods))
    by_hits = max(methods, key=lambda name: methods[name]["auc_cmc_1"])
    if by_hits != best:
        sentences.append(
            f"By AUC_CMC the best method is another one: {by_hits} with "
            f"{percent(methods[by_hits]['auc_cmc_1'])}, against "
            f"{percent(methods[best]['auc_cmc_1'])} for {best}."
        )
    return sentences


def _headline(best: str, numbers: Mapping[str, Any], level: float) -> str:
    low, high = (percent(numbers["ci"]["auc_map"][end]) for end in ("low", "high"))
    text = (
        f"{best} has the largest AUC_mAP: {percent(numbers['auc_map'])} "
        f"({100 * level:.4g} % interval {low} to {high})"
    )
    if numbers["gain"] is None:  # old and new are equally good: no step to have a share of
        return f"{text}."
    return f"{text}, a Gain of {100 * numbers['gain']:.0f} %."


def _curve(best: str, numbers: Mapping[str, Any], new: str) -> str:
    end = "at least" if numbers["conditions"]["ends_at_new"] else "below"
    text = (
        f"Its mAP goes from {percent(numbers['map_start'])} to {percent(numbers['map_end'])}, "
        f"{end} that of {new},"
    )
    if numbers["conditions"]["never_falls"]:
        return f"{text} and never falls on the way."
    return f"{text} and falls on the way, by up to {points(-numbers['worst_step'])} at one step."


def _runner_up(best: str, second: str, methods: Mapping[str, Mapping[str, Any]]) -> str:
    lead = methods[best]["auc_map"] - methods[second]["auc_map"]
    text = f"Next is {second}, {points(lead)} behind"
    if methods[second]["ci"]["auc_map"]["high"] >= methods[best]["ci"]["auc_map"]["low"]:
        return f"{text}; the two intervals overlap."
    return f"{text}; the two intervals do not overlap."


def _conditions(methods: Mapping[str, Mapping[str, Any]]) -> str:
    keys = ("starts_at_old", "ends_at_new", "never_falls")
    meet = [name for name, m in methods.items() if all(m["conditions"][key] for key in keys)]
    if not meet:
        return f"None of the {len(methods)} methods meets all three conditions."
    count = f"{len(meet)} of {len(methods)} methods"
    return f"All three conditions are met by {count}: {listed(meet)}."
