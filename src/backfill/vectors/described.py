"""Texts and weights: what is known of items and queries beside their vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backfill.arrays import Float64s
from backfill.errors import InputError
from backfill.reading.files import reason
from backfill.vectors.ids import RowNumbers, as_ids, rows_of
from backfill.vectors.lists.lines import jsonl
from backfill.vectors.reading import QUERIES, Reading, Side, remembered


class Ordered(Sequence[str]):
    """Texts in the order of some rows, each read when it is asked for."""

    def __init__(self, texts: Sequence[str], rows: Sequence[int]) -> None:
        self._texts = texts
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        """One text, or those of a slice."""
        rows = self._rows[index]
        return [self._texts[r] for r in rows] if isinstance(index, slice) else self._texts[rows]


@remembered
def texts_of(reading: Reading, side: Side) -> Sequence[str] | None:
    """The texts of a side: of their own file, or of BEIR's; None without either.

    BEIR's lines are found by id if another file says the ids, else they are the rows.

    Raises:
        InputError: they are of another number, or an id is missing.
    """
    values, path = reading.values(side.texts), reading.folder.file(side.texts)
    if values is not None and path is not None:
        reading.same_length(path, len(values), side.vectors)
        if not isinstance(values[0], str):
            raise InputError(f"{path}: expected strings, got {values[0]!r:.60} in row 0")
        return values
    beir = reading.folder.beir(side.texts)
    if beir is None:
        return None
    texts, lines = jsonl(beir, ("title text", "text")), jsonl(beir, ("_id",))
    count = reading.required(side.vectors).shape[0]
    elsewhere = reading.folder.file(side.ids), reading.ids_beside(side.vectors)
    if elsewhere == (None, None):
        if len(texts) != count:
            raise InputError(
                f"{beir}: expected {count:,} lines, one per row of {reading.name(side.vectors)}, "
                f"got {len(texts):,}; with a file {side.ids} lines are found by id"
            )
        return texts
    ids = reading.ids(side)
    assert not isinstance(ids, RowNumbers)
    return Ordered(
        texts, rows_of(reading.folder.path / side.ids, ids, as_ids(beir, lines), beir.name).tolist()
    )


@remembered
def weights_of(reading: Reading) -> Float64s | None:
    """(Q,) how often each query is asked, or None.

    Raises:
        InputError: they are of another number, below 0, not finite, or all 0.
    """
    values, path = reading.values("query_weights"), reading.folder.file("query_weights")
    if values is None or path is None:
        return None
    if reading.stored(QUERIES.vectors) is None:
        reading.note(f"{path.name} is not used: there are no queries.")
        return None
    reading.same_length(path, len(values), QUERIES.vectors)
    try:
        weights = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: expected numbers, got: {reason(error)}") from None
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(f"{path}: expected numbers of at least 0, got {weights[at]} in row {at}")
    if not weights.any():
        raise InputError(f"{path}: expected a weight above 0, got only zeros")
    return weights
