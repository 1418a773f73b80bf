"""Claimed items become vectors, or reasons why there are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from backfill.arrays import Float32s
from backfill.live.aside import NO_CONTENT
from backfill.live.base import Database
from backfill.live.dividing import Divider
from backfill.live.spending import Budget
from backfill.live.terms import Item


class Embedded(NamedTuple):
    """What became of claimed items.

    Attributes:
        items: that got a vector.
        vectors: (n, d2) theirs, in this order, of unit length.
        refused: the others, and why.
    """

    items: list[Item]
    vectors: Float32s
    refused: list[tuple[Item, str]]

    def write(self, database: Database) -> int:
        """Claim the items that got a vector alone, and write those that are what they were.

        Returns:
            How many were written. What others have claimed meanwhile, or changed, waits.
        """
        row = {(item.id, item.fingerprint): row for row, item in enumerate(self.items)}
        ids = [item.id for item in self.items]
        while ids:
            with database.claim_ids(ids) as batch:
                same = [item for item in batch.items if (item.id, item.fingerprint) in row]
                if len(same) == len(batch.items):
                    rows = [row[item.id, item.fingerprint] for item in same]
                    return batch.write(self.vectors[rows]) if rows else 0
            ids = [item.id for item in same]
        return 0


def is_empty(text: str) -> bool:
    """Whether an item of this text has no content: most services refuse it."""
    return not text.strip()


def embed(
    divider: Divider,
    budget: Budget,
    database: Database,
    items: Sequence[Item],
    *,
    empty: bool = False,
) -> Embedded:
    """Embed items; nothing is written.

    Args:
        divider: the model.
        budget: that pays.
        database: that holds what is spent.
        items: to embed.
        empty: whether those without content are embedded, too.

    Raises:
        Unavailable: the model gives no vectors at all, or the cap is reached.
    """
    rest = [item for item in items if empty or not is_empty(item.text)]
    refused = [(item, NO_CONTENT) for item in items if not empty and is_empty(item.text)]
    if not rest:
        return Embedded([], np.empty((0, 0), np.float32), refused)
    with budget.paying(database, len(rest)) as paid:
        found = divider.embed([item.text for item in rest])
        if found.rows:
            paid(found.embedding)
    refused += [(rest[row], why) for row, why in found.refused.items()]
    return Embedded([rest[row] for row in found.rows], found.embedding.vectors, refused)
