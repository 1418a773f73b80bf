"""The tables of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backfill.forecast.outcome import Forecast, MethodForecast, Value
from backfill.forecast.page.words import difference, interval, number, share


class Cell(NamedTuple):
    """What a cell says.

    Attributes:
        text: in its first line.
        detail: in small letters below it, such as an interval.
    """

    text: str
    detail: str = ""


class Row(NamedTuple):
    """A row.

    Attributes:
        head: its first cell.
        cells: the others.
        role: recommended, reference or nothing.
    """

    head: Cell
    cells: list[Cell]
    role: str = ""


class Table(NamedTuple):
    """A table; the first heading is that of the rows' heads."""

    title: str
    headings: list[str]
    rows: list[Row]


def methods(forecast: Forecast) -> Table:
    """Each method at the start, half-way and at the end, and why it is eligible or not."""
    measure, gains = forecast.measure, any(m.gain is not None for m in forecast.methods)
    headings = ["method", "start", "half-way", "end", "mean"]
    rows = []
    for method in forecast.methods:
        cells = [*_along(method.curves[measure], forecast), cell(method.area[measure])]
        if gains:
            cells.append(Cell("–" if method.gain is None else f"{method.gain:.0f}%"))
        recommended = method.name == forecast.decision.method
        role = "recommended" if recommended else ""
        said = recommended and forecast.decision.verdict != "keep"
        cells.append(_eligible(method, recommended=said))
        rows.append(Row(Cell(method.name, method.title), cells, role))
    for name, title, value in _references(forecast, measure):
        blank = [Cell("")] * (gains + 1)
        rows.append(Row(Cell(name, title), [cell(value)] * 4 + blank, "reference"))
    return Table(
        f"{measure}, in per cent",
        [*headings, *(["Gain"] if gains else []), "never worse than old"],
        rows,
    )


def orders(forecast: Forecast) -> Table:
    """The recommended method's mean with each order of backfilling."""
    said = {
        "random": "any order",
        "hubs": "items that are near many others in the old space first",
        "dense": "items in the densest parts of the old space first",
        "demand": "items that the query log asks for most first",
    }
    rows = [
        Row(
            Cell(name, said.get(name, "")),
            [cell(value)],
            "recommended" if name == forecast.decision.order else "",
        )
        for name, value in forecast.orders.items()
    ]
    return Table(f"Mean {forecast.measure} along the backfill", ["order", "mean"], rows)


def cascade(forecast: Forecast) -> Table:
    """What the cascade gives and takes at each fraction."""
    of, measure = forecast.cascade, forecast.measure
    values: Sequence[Value | None] = of.curves.get(measure) or [None] * len(forecast.fractions)
    rows = [
        Row(
            Cell(share(fraction)),
            [Cell("–") if value is None else cell(value), Cell(f"{embedded:.1f}")],
        )
        for fraction, value, embedded in zip(forecast.fractions, values, of.embedded, strict=True)
    ]
    headings = ["embedded anew", measure, "embeddings per query"]
    return Table("The cascade along the backfill", headings, rows)


def other_measures(forecast: Forecast) -> Table:
    """The recommended method by the measures that do not decide."""
    best = forecast.method(forecast.decision.method)
    rows = [
        Row(
            Cell(name),
            [
                cell(forecast.old[name]),
                *_along(values, forecast),
                cell(best.area[name]),
                cell(forecast.new[name]),
            ],
        )
        for name, values in best.curves.items()
        if name != forecast.measure
    ]
    headings = ["measure", "old model", "start", "half-way", "end", "mean", "new model"]
    return Table(f"{best.name}, in per cent", headings, rows)


def maps(forecast: Forecast) -> Table:
    """How near maps bring items to where the new model puts them."""
    best = max(forecast.cosine.values(), default=0.0)
    rows = [
        Row(Cell(name), [Cell(f"{cosine:.3f}")], "recommended" if cosine == best else "")
        for name, cosine in forecast.cosine.items()
    ]
    return Table("Cosine of mapped and new vectors, held-out items", ["map", "mean cosine"], rows)


def cell(value: Value) -> Cell:
    """An estimate in per cent, above its interval."""
    return Cell(number(value.value), interval(value))


def _along(values: Sequence[Value], forecast: Forecast) -> list[Cell]:
    """A curve at the start, half-way and at the end."""
    fractions = forecast.fractions
    middle = min(range(len(fractions)), key=lambda at: abs(fractions[at] - 0.5))
    return [cell(values[at]) for at in (0, middle, -1)]


def _eligible(method: MethodForecast, *, recommended: bool) -> Cell:
    if method.eligible:
        return Cell("yes, recommended" if recommended else "yes")
    if method.start.high < 0:
        return Cell("no: starts below", f"{difference(method.start.value)} points")
    if method.fall is not None:
        where = f"{share(method.fall.start)} to {share(method.fall.end)}"
        return Cell("no: falls", f"{difference(method.fall.change.value)} points, {where}")
    return Cell("no")


def _references(forecast: Forecast, measure: str) -> list[tuple[str, str, Value]]:
    found = [("old", "the old model throughout", forecast.old[measure])]
    if forecast.judged:
        found.append(("new", "the new model, as if all were embedded", forecast.new[measure]))
    return found
