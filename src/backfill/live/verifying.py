"""Whether a migration is what it says, by looking at the data again."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel

from backfill.errors import InputError
from backfill.live.aside import Aside, waiting_aside
from backfill.live.embedders import Unavailable
from backfill.live.opened import Opened
from backfill.live.probing import probe, queries_of
from backfill.live.router import Router
from backfill.live.shown import Listed, Probed
from backfill.live.states import require_started

_EMBEDDED_AGAIN = 32
_SAME = 0.995  # cosine of two embeddings of one text; services round, and batch in other ways
_ENOUGH_RECALL = 0.9


class Verified(BaseModel):
    """What `backfill verify` says.

    Attributes:
        counts: from the data, after all fingerprints were compared.
        found: items whose new vector was not of their content, or whose item was gone; they wait
            again, or were removed.
        compared: done items that were embedded again.
        least_cosine: of their new vectors and these; None if none is done.
        probe: recall of indexes, and times.
        faults: what is not as it must be, in sentences.
        complete: whether nothing waits.
        aside: items that wait and get no vector: why, and their keys.
    """

    counts: Listed
    found: int
    compared: int
    least_cosine: float | None
    probe: Probed
    faults: list[str]
    complete: bool
    aside: Aside

    @property
    def passed(self) -> bool:
        """Whether nothing waits and nothing is wrong."""
        return self.complete and not self.faults


def verify(opened: Opened, *, seed: int = 0) -> Verified:
    """Compare all fingerprints, embed some done items again, and measure the indexes' recall.

    What is found to be stale waits again.

    Args:
        opened: the migration.
        seed: of the draw of items.

    Raises:
        InputError: nothing was started, or the database or the model does not answer.
    """
    database = opened.database
    state = database.state().state
    require_started(state, opened.migration.name)
    found = database.reconcile()
    counts = database.counts()
    compared, least = _again(opened, seed)
    queries = queries_of(opened)
    probed = None if queries is None else probe(Router(opened), queries)
    faults = []
    if least is not None and least < _SAME:
        faults.append(
            f"A new vector has a cosine of {least:.3f} to what {state.model} makes of its content "
            f"now; expected at least {_SAME}."
        )
    if counts.stale or counts.orphans:
        faults.append(
            f"{counts.stale:,} new vectors are of other content, {counts.orphans:,} of no item."
        )
    if probed is not None and probed.recall < _ENOUGH_RECALL:
        faults.append(
            f"Indexes find {probed.recall:.0%} of the exact first {probed.k}; expected at least "
            f"{_ENOUGH_RECALL:.0%}."
        )
    return Verified(
        counts=counts,
        found=found,
        compared=compared,
        least_cosine=least,
        probe=probed,
        faults=faults,
        complete=counts.waiting == 0,
        aside=waiting_aside(database, state),
    )


def _again(opened: Opened, seed: int) -> tuple[int, float | None]:
    """Embed some done items again; how many, and the least cosine to what is stored."""
    rows = opened.database.sample(_EMBEDDED_AGAIN, seed)
    stored = opened.database.new_vectors(rows.ids)
    pairs = [
        (text, stored[key]) for key, text in zip(rows.ids, rows.texts, strict=True) if key in stored
    ]
    if not pairs:
        return 0, None
    try:
        again = opened.new.documents([text for text, _ in pairs]).vectors
    except Unavailable as error:
        raise InputError(f"{opened.migration.file}: new: {error}") from error
    cosines = (again * np.stack([vector for _, vector in pairs])).sum(axis=1)
    return len(pairs), float(cosines.min())
