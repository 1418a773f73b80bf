"""Plans, status and verification on a terminal."""

from __future__ import annotations

from datetime import timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from backfill.live.aside import Aside, sentences
from backfill.live.planning import Plan
from backfill.live.probing import Probe
from backfill.live.status import Status
from backfill.live.verifying import Verified

_UNITS = ("B", "kB", "MB", "GB", "TB")


def plan(found: Plan) -> None:
    """Print a plan."""
    money = "no price is given" if found.money is None else f"{found.money:,.2f}"
    method = found.method or "chosen from a sample when it starts"
    _show(
        found.name,
        {
            "database": found.server,
            "items": f"{found.items:,}, {found.characters:,.0f} characters each on average",
            "vectors": f"{found.widths[0]} dimensions, then {found.widths[1]}",
            "time": f"{duration(found.seconds)} at {found.rate:,.1f} items per second",
            "money": money,
            "disk": f"{size(found.disk)} for new vectors and their index" + _carried(found),
            "serving": method,
        },
    )
    _sentences(([found.headline] if found.headline else []) + found.notes)
    _sentences([f"Missing: {each}" for each in found.missing], "red")


def _carried(found: Plan) -> str:
    more = size(found.disk_carried)
    return f", up to {more} more while items wait" if found.disk_carried else ""


def status(found: Status) -> None:
    """Print where a migration is."""
    counts, state = found.counts, found.state
    phase = state.phase + (f": {state.reason}" if state.reason else "")
    rows = {
        "phase": phase,
        "done": f"{counts.done:,} of {counts.items:,}, {found.fraction:.1%}",
        "waiting": f"{counts.waiting:,}" + _more(found),
    } | _aside(found.aside)
    if found.rate is not None:
        left = "" if found.seconds_left is None else f", {duration(found.seconds_left)} left"
        rows["rate"] = f"{found.rate:,.1f} items per second{left}"
    if state.spent:
        rows["spent"] = f"{state.spent:,.2f} for {state.embedded:,} embeddings"
    if found.expected is not None:
        value = found.expected
        rows["forecast"] = (
            f"{found.measure} {100 * value.value:.1f} here "
            f"({100 * value.low:.1f} to {100 * value.high:.1f})"
        )
    rows |= _probed(found.probe)
    _show(found.name, rows)


def verified(found: Verified) -> None:
    """Print what was found."""
    counts = found.counts
    rows = {
        "done": f"{counts.done:,} of {counts.items:,}",
        "waiting": f"{counts.waiting:,}",
        "found": f"{found.found:,} that nobody had noticed",
    } | _aside(found.aside)
    if found.least_cosine is not None:
        rows["embedded again"] = f"{found.compared}, least cosine {found.least_cosine:.4f}"
    rows |= _probed(found.probe)
    _show("verified" if found.passed else "not verified", rows)
    _sentences(found.faults, "red")


def duration(seconds: float) -> str:
    """Whole seconds as hours, minutes and seconds."""
    return str(timedelta(seconds=max(1, round(seconds))))


def size(count: float) -> str:
    """Bytes, in the largest unit that leaves at least 1."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit in _UNITS[:2] else f"{count:.1f} {unit}"


def _more(found: Status) -> str:
    counts = found.counts
    parts = {
        "changed since they were done": counts.stale,
        "not carried forward": counts.uncarried,
        "without an old vector, found by no search": counts.unsearchable,
    }
    said = [f"{count:,} {what}" for what, count in parts.items() if count]
    return f" ({', '.join(said)})" if said else ""


def _aside(found: Aside) -> dict[str, str]:
    return {"set aside": "\n".join(sentences(found))} if found else {}


def _probed(probe: Probe | None) -> dict[str, str]:
    if probe is None:
        return {}
    return {
        "recall": f"{probe.recall:.1%} of the exact first {probe.k}, {probe.queries} queries",
        "search": f"{1000 * probe.p50:.1f} ms median, {1000 * probe.p95:.1f} ms for 95%",
    }


def _show(title: str, rows: dict[str, str]) -> None:
    console = Console(highlight=False)
    console.print(Text(title, "bold"))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for name, value in rows.items():
        table.add_row(name, Text(value))
    console.print(table)


def _sentences(sentences: list[str], style: str = "") -> None:
    console = Console(highlight=False)
    for sentence in sentences:
        console.print(Text(sentence, style))
