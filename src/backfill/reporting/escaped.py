"""Text of any origin, such as a label, made fit for where it stands: Markdown, a page."""

from __future__ import annotations

import re

from backfill.errors import InputError

# What neither XML nor UTF-8 has a form for: halves of surrogate pairs, and most control characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAKS = re.compile("[\t\r\n\x85\u2028\u2029]+")
# Characters that Markdown takes for its own anywhere, brackets that make a link, underscores at
# the edge of a word, and what opens a heading, a list, a rule or a link's target at the beginning.
_MARKUP = re.compile(r"[\\`*<>&~$|]|(?<=\])[(\[]|(?<![^\W_])_|_(?![^\W_])")
_OPENING = re.compile(r"^([#+=-]|\d+(?=[.)](?:\s|$))|\[(?=[^]]*\]:\s*\S+$))")


def printable(text: str) -> str:
    """The text with U+FFFD for each character that nothing can show."""
    return _UNPRINTABLE.sub("\ufffd", text)


def require_printable(key: str, text: str) -> None:
    """Require a text that can be shown.

    Args:
        key: what it is, for messages.
        text: of somebody's choice.

    Raises:
        InputError: it has control characters, or half a surrogate pair.
    """
    if _UNPRINTABLE.search(text):
        raise InputError(f"{key}: expected characters that can be printed, got {text!a:.80}")


def markdown(text: str) -> str:
    """The text as a paragraph, a heading or an item of a list in GitHub's Markdown shows it.

    Underscores inside words, as in AUC_mAP, are taken as they are there.
    """
    inline = cell(text)
    if found := _OPENING.match(inline):
        number = found[0] if found[0].isdigit() else ""
        return f"{number}\\{inline[len(number) :]}"
    return inline


def cell(text: str) -> str:
    """The text as a cell of a table in GitHub's Markdown shows it."""
    return _MARKUP.sub(r"\\\g<0>", _BREAKS.sub(" ", printable(text)))
