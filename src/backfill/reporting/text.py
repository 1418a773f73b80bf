"""How numbers and lists read in a sentence."""

from __future__ import annotations

from collections.abc import Sequence


def percent(value: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * value:.1f}%"


def whole_percent(value: float) -> str:
    """A share as a percentage without decimals."""
    return f"{100 * value:.0f}%"


def points(value: float) -> str:
    """A difference of two percentages."""
    return f"{bare_points(value)} points"


def bare_points(value: float) -> str:
    """The same without its unit; a small one keeps a digit that is not zero."""
    number = 100 * round(value, 6) + 0.0  # six decimals as in files, and never -0.0
    return f"{number:.1f}" if abs(number) >= 0.05 or number == 0 else f"{number:.1g}"


def signed(value: float) -> str:
    """A difference in hundredths with its sign and one decimal; 0.0 has none."""
    text = f"{100 * value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def interval(low: float, high: float) -> str:
    """An interval in hundredths, such as [62.3, 63.9]."""
    return f"[{bare_points(low)}, {bare_points(high)}]"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: a, b and c; a, b; c and d where a name holds a comma."""
    *first, last = names
    between = "; " if any("," in name for name in names) else ", "
    return f"{between.join(first)} and {last}" if first else last
