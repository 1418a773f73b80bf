"""Whether a command printed what a document says, on another processor too."""

from __future__ import annotations

import re

NUMBER = re.compile(r"\d+(?:\.\d+)?")
LEFT_OUT = "..."
# Points, of a forecast in per cent: its draws depend on the last digit of a cosine.
WITHIN = 3.0
# So does what is said of methods that nearly agree.
VERDICT = re.compile(r" (recommended|falls|starts low)$")
REJECTED = re.compile(r"^- Not recommended.*?(?=^- |\Z)", re.MULTILINE | re.DOTALL)


def alike(printed: str, shown: str) -> bool:
    """Compare the words of two texts, and whether each number with decimals is nearly the same.

    Space between words does not count, nor does a line's place in a table or its verdict: methods
    whose numbers nearly agree may change places. A line of dots in what is shown stands for any
    lines.
    """
    there, wanted = _lines(printed), _lines(shown)
    parts = LEFT_OUT in wanted
    wanted = [line for line in wanted if line != LEFT_OUT]
    left = list(there)
    for line in wanted:
        found = next((other for other in left if _nearly(line, other)), None)
        if found is None:
            return False
        left.remove(found)
    return parts or not left


def _lines(text: str) -> list[str]:
    lines = (" ".join(line.split()) for line in REJECTED.sub("", text).splitlines())
    return [VERDICT.sub("", line) for line in lines if line]


def _nearly(one: str, other: str) -> bool:
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    return all(a == b or ("." in a and abs(float(a) - float(b)) <= WITHIN) for a, b in pairs)
