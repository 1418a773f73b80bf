"""How numbers and lists read in a sentence."""

from collections.abc import Sequence


def percent(value: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * value:.1f} %"


def points(value: float) -> str:
    """A difference of two percentages."""
    return f"{bare_points(value)} points"


def bare_points(value: float) -> str:
    """The same without its unit; a small one keeps a digit that is not zero."""
    number = 100 * value
    return f"{number:.1f}" if abs(number) >= 0.05 or number == 0 else f"{number:.1g}"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: a, b and c."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
