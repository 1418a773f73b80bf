"""Changes of one file's bytes: anywhere, in fields that look like lengths, and by format."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import PurePath
from random import Random

from fuzz.formats import BY_SUFFIX, TOKENS

LARGEST = 2 << 20
NUMBERS = [
    0, 1, -1, 2, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**24, 10**6, 10**8, 10**9,
    2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1,
]  # fmt: skip


def mutated(
    random: Random, name: str, data: bytes, others: Sequence[bytes] = ()
) -> tuple[bytes, str]:
    """Change a file once or a few times.

    Args:
        random: decides.
        name: of the file; its suffix says what is known of the format.
        data: its content.
        others: files to splice pieces of.

    Returns:
        The new content, and how it was changed.
    """
    known = BY_SUFFIX.get(PurePath(name).suffix.lower(), ())
    titles = []
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if known and random.random() < 0.6:
            change = random.choice(known)
            try:
                data, title = change(random, data), change.__name__
            except Exception:  # it is damaged already
                data, title = flip(random, data), "flip"
        elif random.random() < 0.1 and others:
            data, title = splice(random, data, random.choice(others)), "splice"
        else:
            general = random.choice(ANYWHERE)
            data, title = general(random, data), general.__name__
        titles.append(title.strip("_"))
    return data[:LARGEST], ", ".join(titles)


def flip(random: Random, data: bytes) -> bytes:
    """Flip a few bits."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        if changed:
            changed[_at(random, len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def truncate(random: Random, data: bytes) -> bytes:
    """Keep the beginning."""
    return data[: _at(random, len(data))]


def behead(random: Random, data: bytes) -> bytes:
    """Keep the end."""
    return data[_at(random, len(data)) :]


def cut(random: Random, data: bytes) -> bytes:
    """Leave a piece out."""
    start = _at(random, len(data))
    return data[:start] + data[start + random.choice((1, 2, 4, 16, 1000)) :]


def repeat(random: Random, data: bytes) -> bytes:
    """Repeat a piece, once or a thousand times."""
    start = _at(random, len(data))
    piece = data[start : start + random.choice((1, 4, 32, 500))]
    times = min(random.choice((1, 2, 10, 1000, 20_000)), LARGEST // max(1, len(piece)))
    return data[:start] + piece * times + data[start:]


def insert(random: Random, data: bytes) -> bytes:
    """Insert bytes that mean something in some format, or random ones."""
    start = _at(random, len(data))
    if random.random() < 0.6:
        piece = random.choice(TOKENS)
    else:
        piece = random.randbytes(random.choice((1, 3, 8, 100)))
    over = random.choice((0, len(piece)))
    return data[:start] + piece + data[start + over :]


def number(random: Random, data: bytes) -> bytes:
    """Write a large, small or negative integer over some bytes."""
    size, sign = random.choice(((1, "B"), (2, "H"), (4, "I"), (8, "Q")))
    value = random.choice(NUMBERS) % (1 << (8 * size))
    start = _at(random, len(data))
    packed = struct.pack(random.choice("<>") + sign, value)
    return data[:start] + packed + data[start + size :]


def digits(random: Random, data: bytes) -> bytes:
    """Write another number in place of digits."""
    places = [i for i, byte in enumerate(data[:20_000]) if 48 <= byte <= 57]
    if not places:
        return flip(random, data)
    start = random.choice(places)
    end = start
    while end < len(data) and 48 <= data[end] <= 57:
        end += 1
    new = random.choice(
        [str(random.choice(NUMBERS)), "1e999", "nan", "0.5", "-0", "9" * 5000, "0x1", "1_0", ""]
    )
    return data[:start] + new.encode() + data[end:]


def noise(random: Random, data: bytes) -> bytes:
    """Random bytes, zeros, or nothing."""
    size = random.choice((0, 1, 9, 100, len(data)))
    return random.choice((random.randbytes(size), bytes(size), b"\xff" * size, b"A" * size))


def splice(random: Random, data: bytes, other: bytes) -> bytes:
    """The beginning of one file, and the end of another."""
    return data[: _at(random, len(data))] + other[_at(random, len(other)) :]


def _at(random: Random, size: int) -> int:
    """A place, more often near the beginning or the end: there headers are."""
    if size == 0:
        return 0
    where = random.random()
    if where < 0.4:
        return random.randrange(min(size, 256))
    if where < 0.55:
        return size - 1 - random.randrange(min(size, 256))
    return random.randrange(size)


ANYWHERE = (
    flip, flip, truncate, behead, cut, repeat, insert, insert, number, number, digits, noise,
)  # fmt: skip
