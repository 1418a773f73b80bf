"""What a migration asks of a database.

The database is the only coordinator: it holds the state, says what waits, and takes a new vector
only for the content that it was made from. Indexes, transactions and locks are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from backfill.arrays import Float32s
from backfill.live.terms import (
    Counts,
    Facts,
    Filter,
    Id,
    Item,
    Query,
    Rows,
    Setup,
    Sides,
    State,
    Versioned,
)


class Batch(Protocol):
    """Items that one worker claims, until it writes their vectors or leaves them."""

    @property
    def items(self) -> Sequence[Item]:
        """What was claimed: none if nothing waits that others have not claimed."""

    def write(self, vectors: Float32s) -> int:
        """Write the new vectors of those items whose content is still what was claimed.

        Each is written if and only if the item is there and its current fingerprint is the claimed
        one; the others stay as they are, and wait. All that is written becomes visible at once.

        Args:
            vectors: (n, d2) in the order of `items`, finite, of unit length.

        Returns:
            How many were written.
        """


@runtime_checkable
class Database(Protocol):
    """A gallery in a database, with a migration beside it.

    All methods raise InputError for what the user can mend: names of tables and columns that are
    not there, a server that does not answer (after retries), a password that is refused. Nothing
    that they print or raise holds a credential. All of them are safe to repeat.

    Attributes:
        carries: whether old vectors can be carried forward here.
        shares: whether `claim` gives different items to different workers by itself. If not, a
            worker claims only its own part.
    """

    carries: bool
    shares: bool

    def facts(self, width: int | None) -> Facts:
        """Look at the gallery; nothing is changed.

        Args:
            width: of the new vectors, for what they will take; None: as the old ones.
        """

    def prepare(self, setup: Setup) -> None:
        """Make room for new vectors and start to see changes; what is there already stays.

        Raises:
            InputError: there is a migration of another model or width.
        """

    def state(self) -> Versioned:
        """The current state; phase `absent` and version 0 before `swap` was first called."""

    def swap(self, state: State, version: int) -> bool:
        """Replace the state if `version` is still current; whether it was."""

    def claim(self, limit: int, part: tuple[int, int] = (0, 1)) -> AbstractContextManager[Batch]:
        """Claim the next items that wait, changed ones first, then in the order that was set up.

        The claim ends with the block, also if the process dies.

        Args:
            limit: most items.
            part: (i, n): where the database does not share, only the i-th of n parts of the items.
        """

    def claim_ids(self, ids: Sequence[Id]) -> AbstractContextManager[Batch]:
        """Claim those of these items that wait and that nobody else has claimed."""

    def reconcile(self) -> int:
        """Compare all fingerprints, and let every item wait whose new vector is not of its content.

        New vectors of items that are gone are removed. `claim` gives nothing it has not seen; so
        only this can tell that all is done.

        Returns:
            How many items were found that were not known to wait, or to be gone.
        """

    def uncarried(self, limit: int) -> Rows:
        """Waiting items whose old vectors are to be carried forward next; texts are left empty.

        Like `claim`, it gives nothing that was not seen; `reconcile` sees everything.
        """

    def carry(self, ids: Sequence[Id], old: Float32s, carried: Float32s) -> int:
        """Write carried vectors of items that wait and whose old vector is still the given one.

        Args:
            ids: n keys.
            old: (n, d1) old vectors that `uncarried` gave.
            carried: (n, w) what became of them, of unit length.
        """

    def search(
        self, queries: Sequence[Query], k: int, where: Filter | None = None, *, exact: bool = False
    ) -> list[Sides]:
        """Search both sides in one snapshot.

        Before `prepare` and after `rollback`, all items wait and their old vectors are searched.
        After `finish`, items that have changed since wait again; they are found by their old
        vectors if these were kept.

        Args:
            queries: for both sides.
            k: most hits on each side.
            where: conditions on columns of the gallery, all of which hold.
            exact: compare with every vector instead of using indexes.
        """

    def counts(self) -> Counts:
        """Count from the data, in one snapshot."""

    def sample(self, n: int, seed: int) -> Rows:
        """Draw items at random that have an old vector and content; fewer if there are fewer."""

    def rows(self) -> Iterable[Rows]:
        """All items that have an old vector, in blocks, for a forecast; texts are left empty."""

    def new_vectors(self, ids: Sequence[Id]) -> dict[Id, Float32s]:
        """The new vectors, of unit length, of those of the items that are done."""

    def finish(self, *, keep_old: bool) -> str:
        """Give the old vectors up, or keep them for a rollback; new ones stay where they are.

        Returns:
            What the application must now search, in one or two sentences.
        """

    def rollback(self) -> None:
        """Remove everything that `prepare` and later calls made; the old system is as it was."""

    def close(self) -> None:
        """End connections."""
