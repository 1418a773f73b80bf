"""A forecast on the terminal."""

from __future__ import annotations

from textwrap import fill

from rich.console import Console
from rich.table import Table
from rich.text import Text

from backfill.forecast.outcome import Forecast, MethodForecast, Value

_PROSE = 100  # columns of text, in a wide window too


def told(forecast: Forecast) -> None:
    """Print the decision, why, and a line for each method; 80 columns are enough."""
    console = Console(highlight=False)
    decision, measure = forecast.decision, forecast.measure

    def say(text: str, first: str = "", style: str = "") -> None:
        # By ourselves, as the second line of an item stands below the text of the first.
        columns, rest = min(console.width, _PROSE), " " * len(first)
        wrapped = fill(text, columns, initial_indent=first, subsequent_indent=rest,
                       break_on_hyphens=False)  # fmt: skip
        console.print(Text(wrapped, style), soft_wrap=True)

    say(decision.headline, style="bold")
    for reason in decision.reasons:
        say(reason, "- ")
    console.print()
    say(
        f"{measure} in per cent while the gallery is embedded anew, {forecast.confidence:.0%} "
        f"intervals; {forecast.drawn + forecast.asked:,} of {forecast.size:,} items and "
        f"{forecast.queries:,} queries known:"
    )
    console.print()
    console.print(methods(forecast))
    say(f"Order: {decision.order}.")
    say(
        f"Cascade, {forecast.cascade.k} embeddings per query at most: "
        f"{short(forecast.cascade.curves[measure][0])} from the first query on."
    )
    for note in forecast.notes:
        say(note, "Note: ")


def methods(forecast: Forecast) -> Table:
    """A row for each method, and one for the old system."""
    measure, decision = forecast.measure, forecast.decision
    fractions = forecast.fractions
    middle = min(range(len(fractions)), key=lambda at: abs(fractions[at] - 0.5))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("method", no_wrap=True)
    for title in ("start", "half-way", "end", "mean"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for method in forecast.methods:
        curve, recommended = method.curves[measure], method.name == decision.method
        values = (curve[0], curve[middle], curve[-1], method.area[measure])
        said = "recommended" if recommended and decision.verdict != "keep" else _why_not(method)
        style = "bold" if recommended else ""
        table.add_row(Text(method.name), *map(short, values), said, style=style)
    table.add_row(Text("old model"), *[short(forecast.old[measure])] * 4, "", style="dim")
    table.add_row()
    return table


def _why_not(method: MethodForecast) -> str:
    if method.eligible:
        return ""
    return "starts low" if method.start.high < 0 else "falls"


def short(value: Value) -> str:
    """An estimate in per cent, and half the width of its interval unless that is nothing."""
    half = f"{50 * (value.high - value.low):.1f}"
    return f"{100 * value.value:.1f}" + ("" if half == "0.0" else f" ±{half}")
