"""Numbers and code as people read them."""

from __future__ import annotations

from markupsafe import Markup, escape

from backfill.forecast.outcome import Value

_SURE = 0.0005  # half the width of an interval that is not worth showing


def share(fraction: float) -> str:
    """A fraction in per cent: 36%, 0.02%; never 0% of something or 100% of less than all."""
    if 0 < fraction < 0.01:
        return f"{100 * fraction:.1g}%"
    return f"{100 * fraction:.1f}%" if 0.99 < fraction < 1 else f"{fraction:.0%}"


def number(value: float) -> str:
    """A measure or a difference in per cent, with one decimal and a true minus."""
    return f"{100 * value + 0.0:.1f}".replace("-0.0", "0.0").replace("-", "−")


def difference(value: float) -> str:
    """A difference in points, with its sign."""
    return f"{100 * value:+.1f}".replace("-", "−")


def interval(value: Value) -> str:
    """From where to where, in per cent; nothing if the estimate is sure."""
    if value.high - value.low < 2 * _SURE:
        return ""
    return f"{number(value.low)} to {number(value.high)}"


def size(count: int) -> str:
    """Bytes in the largest unit that leaves a whole number in front."""
    left = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if left < 1000:
            return f"{left:.0f} {unit}" if unit == "bytes" else f"{left:.1f} {unit}"
        left /= 1000
    return f"{left:,.1f} TB"


def duration(seconds: float) -> str:
    """Seconds in the unit that people would say."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.1f} seconds"


def with_code(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(p) if i % 2 else escape(p) for i, p in enumerate(parts))
