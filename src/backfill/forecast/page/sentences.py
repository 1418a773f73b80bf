"""What the page says in sentences."""

from __future__ import annotations

from backfill.forecast.outcome import Forecast
from backfill.forecast.page.words import duration, share, size

_MEANINGS = {
    "overlap": "the share of the ten results of the new model, with everything embedded anew, that "
    "are among the ten that are shown. It says how near the results are, not how good",
    "kept": "the share of the new model’s ten results that are among the first hundred",
    "nDCG": "how relevant the first ten results are, the first ranks counting most; 100 is the "
    "best order there could be",
    "AP": "the mean precision at the ranks of the relevant items among the first hundred",
    "recall": "the share of the relevant items that are among the first hundred",
    "hit": "the share of queries with a relevant item among the first ten",
    "precision": "the share of the first ten results that are relevant",
}
_HARDLY = 0.005  # of a cosine


def meanings(forecast: Forecast) -> dict[str, str]:
    """What each measure means, the one that decides first."""
    names = [forecast.measure, *(name for name in forecast.old if name != forecast.measure)]
    found = {name: _MEANINGS.get(name.partition("@")[0], "") for name in names}
    return {name: meaning for name, meaning in found.items() if meaning}


def known(forecast: Forecast) -> list[str]:
    """What the forecast rests on, in a few words each."""
    there = forecast.drawn + forecast.asked
    queries = f"{forecast.queries:,} queries"
    return [
        f"{there:,} of {forecast.size:,} items embedded anew",
        f"{forecast.queries:,} held-out items as queries" if forecast.stand_ins else queries,
        "judged" if forecast.judged else "nobody has judged",
        f"{forecast.widths[0]:,} → {forecast.widths[1]:,} dimensions",
    ]


def cost(forecast: Forecast) -> dict[str, str]:
    """What re-embedding the rest costs, and what is not known of it."""
    of = forecast.cost
    if not of.items:
        return {"items": "none waits", "disk": f"{size(of.disk)} for the new vectors"}
    seconds, money = of.seconds, of.money
    return {
        "items": f"{of.items:,} of {forecast.size:,} wait",
        "time": "not known: give items per second with `--rate`"
        if seconds is None
        else duration(seconds),
        "money": "not known: give the price of a thousand with `--price`"
        if money is None
        else f"{money:,.2f}, at the price that was given",
        "disk": f"{size(of.disk)} for the new vectors of all items, as float32",
    }


def larger_sample(forecast: Forecast) -> str:
    """What a sample of twice the size would add to the best map."""
    if not forecast.cosine:
        return ""
    whole, half = max(forecast.cosine.values()), forecast.half_cosine
    added = whole - half
    fitted = f"Fitted on half of the items, the best map reaches {half:.3f}; on all, {whole:.3f}."
    if forecast.here >= 1:
        return f"{fitted} All items are embedded: there is no larger sample."
    if added < _HARDLY:
        return f"{fitted} A sample of twice the size would add next to nothing."
    return (
        f"{fitted} A sample of twice the size would add about as much again ({added:.3f}), or less."
    )


def estimated(forecast: Forecast) -> list[str]:
    """How the forecast was made, in three sentences."""
    return [
        "For each query, the items that can be among its first are found in the whole gallery, by "
        "old vectors and by vectors that are mapped into the new space.",
        "Where an item is not embedded anew, its similarity to the query is completed, several "
        "times, from embedded items whose old and mapped similarities are alike, and each method "
        "is run on each completion.",
        f"The {share(forecast.confidence)} intervals hold both the choice of the queries and what "
        "the completions leave open.",
    ]
