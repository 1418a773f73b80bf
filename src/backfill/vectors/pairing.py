"""Two files with the vectors of the same items, one per space."""

from __future__ import annotations

from backfill.arrays import Floats
from backfill.errors import InputError
from backfill.vectors.ids import rows_of
from backfill.vectors.names import VECTORS
from backfill.vectors.reading import Reading, remembered
from backfill.vectors.rows import Rows, in_order


@remembered
def both(reading: Reading, name: str) -> tuple[Floats, Floats | Rows] | None:
    """The old and the new vectors of queries or pairs, row by row, or None if there are neither.

    Rows of the new file follow the old one's ids if both files have ids.

    Args:
        reading: the folder.
        name: `queries` or `pairs`.

    Returns:
        (rows, d1) and (rows, d2), memory-mapped.

    Raises:
        InputError: there is only one of the two; their widths are not those of `old` and `new`;
            their rows or ids differ.
    """
    names = f"{name}_old", f"{name}_new"
    there = [one for one in names if reading.folder.file(one) is not None]
    if not there:
        return None
    for one in names:
        if one not in there:
            raise InputError(
                f"{reading.folder.path / one}: expected {VECTORS[one].holds} that "
                f"{reading.name(there[0])} has the other vectors of, got no such file"
            )
    for one, space in zip(names, ("old", "new"), strict=True):
        _require_width(reading, one, space)
    old_path, new_path = (reading.folder.require(one) for one in names)
    reading.same_length(new_path, reading.required(names[1]).shape[0], names[0])
    old_ids, new_ids = (reading.ids_beside(one) for one in names)
    order = None
    if old_ids is not None and new_ids is not None:
        order = rows_of(old_path, old_ids, new_ids, new_path.name)
    old, new = (reading.vectors(one) for one in names)
    assert old is not None
    assert new is not None
    return old, in_order(new, order)


def _require_width(reading: Reading, name: str, space: str) -> None:
    width, expected = (reading.required(one).shape[1] for one in (name, space))
    if width == expected:
        return
    other = {"old": "new", "new": "old"}[space]
    of_other = reading.required(other).shape[1]
    hint = ""
    if width == of_other:
        twin = name.removesuffix(space) + other
        hint = f", the width of {reading.name(other)}: are {reading.name(name)} and "
        hint += f"{reading.name(twin)} swapped, or old and new?"
    raise InputError(
        f"{reading.folder.require(name)}: expected {expected} dimensions as in "
        f"{reading.name(space)}, got {width}{hint}"
    )
