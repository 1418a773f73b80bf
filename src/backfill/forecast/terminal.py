"""A forecast on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from backfill.forecast.outcome import Forecast, Value


def told(forecast: Forecast) -> None:
    """Print the decision, why, and a line for each method."""
    console = Console(highlight=False, soft_wrap=True)
    decision, measure = forecast.decision, forecast.measure
    console.print(f"[bold]{decision.headline}[/bold]")
    for reason in decision.reasons:
        console.print(f"- {reason}", markup=False)
    middle = len(forecast.fractions) // 2
    table = Table("method", "start", "half-way", "end", "mean", "below old or falling")
    for method in forecast.methods:
        curve = method.curves[measure]
        table.add_row(
            method.name,
            *(short(value) for value in (curve[0], curve[middle], curve[-1], method.area[measure])),
            "" if method.eligible else "yes",
        )
    console.print()
    console.print(
        f"{measure} in per cent while the gallery is embedded anew, {forecast.confidence:.0%} "
        f"intervals; {forecast.drawn + forecast.asked:,} of {forecast.size:,} items and "
        f"{forecast.queries:,} queries known:"
    )
    console.print(table)
    console.print(
        f"Order: {decision.order}. "
        f"Cascade, {forecast.cascade.k} embeddings per query at most: "
        f"{short(forecast.cascade.curves[measure][0])} from the first query on."
    )
    for note in forecast.notes:
        console.print(f"Note: {note}", markup=False)


def short(value: Value) -> str:
    """An estimate in per cent and half the width of its interval."""
    return f"{100 * value.value:.1f} ± {50 * (value.high - value.low):.1f}"
