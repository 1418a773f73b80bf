"""What a migration asks of a database.

The database is the only coordinator: it holds the state, says what waits, and takes a new vector
only for the content that it was made from. Indexes, transactions and locks are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from backfill.arrays import Float32s

Id = int | str
Filter = Mapping[str, object]  # column -> the value that it must have, or a list of such values


class Item(NamedTuple):
    """An item that waits for its new vector.

    Attributes:
        id: its key.
        text: its current content.
        fingerprint: of this content, for the new model.
    """

    id: Id
    text: str
    fingerprint: str


class Rows(NamedTuple):
    """Items with their old vectors.

    Attributes:
        ids: n keys.
        vectors: (n, d1) old vectors, as stored.
        texts: n current contents.
    """

    ids: list[Id]
    vectors: Float32s
    texts: list[str]


class Hit(NamedTuple):
    """An item that a search found on one side.

    Attributes:
        id: its key.
        cosine: of the query and the vector that was searched.
    """

    id: Id
    cosine: float


class Uncarried(NamedTuple):
    """Waiting items whose old vectors were not carried forward yet.

    Attributes:
        ids: m keys.
        vectors: (m, d1) old vectors.
    """

    ids: list[Id]
    vectors: Float32s


@dataclass(frozen=True)
class Sides:
    """What a search found, in one snapshot: each item on its current side only.

    Attributes:
        waiting: the nearest k or fewer of the items that wait, nearest first.
        done: the nearest k or fewer of the backfilled items, nearest first, by their new vectors.
        uncarried: if vectors are carried forward, items that wait and are not in that index yet;
            they are not among `waiting`.
    """

    waiting: list[Hit]
    done: list[Hit]
    uncarried: Uncarried | None = None


class Query(NamedTuple):
    """One query, for either side.

    Attributes:
        waiting: (w,) in the space in which waiting items are searched: the old one, or that of the
            carried vectors; None: nothing waits, and that side is not searched.
        new: (d2,) in the new space; None: nothing is done yet, and that side is not searched.
    """

    waiting: Float32s | None
    new: Float32s | None


class Counts(NamedTuple):
    """What is there, counted from the data by fingerprints and never from the migration's notes.

    Attributes:
        items: of the gallery, those with content or with an old vector.
        done: items whose new vector is of their current content.
        stale: items with a new vector of other content, or of another model.
        orphans: new vectors whose items are gone.
        uncarried: waiting items whose old vector was not carried forward; 0 if none is to be.
        unsearchable: waiting items without an old vector, which no search finds until then.
    """

    items: int
    done: int
    stale: int
    orphans: int
    uncarried: int = 0
    unsearchable: int = 0

    @property
    def waiting(self) -> int:
        """Items that are not done."""
        return self.items - self.done


@dataclass(frozen=True)
class Facts:
    """What a database is, and what it lacks, found without changing anything.

    Attributes:
        server: name and version of the database and its vector search.
        items: of the gallery; an estimate serves.
        width: of the old vectors.
        text_characters: mean length of an item's text, from a sample.
        old_bytes: what old vectors and their index take; None where it cannot be known.
        new_bytes: what the new vectors and their index are estimated to take.
        carried_bytes: what old vectors that are carried forward take beside, while items wait: at
            most, for old and mapped vectors side by side; 0 where none are carried.
        missing: what must be mended before a migration can start, one sentence each.
        notes: what is worth knowing, one sentence each.
    """

    server: str
    items: int
    width: int
    text_characters: float
    old_bytes: int | None
    new_bytes: int
    carried_bytes: int = 0
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Setup:
    """What a database prepares for.

    Attributes:
        model: identity of the new model; part of every fingerprint.
        width: of the new vectors.
        carried: width of what old vectors are carried forward to; None: they are not.
        order: `random`, or `id`: which items are embedded first. Changed ones always are.
        first: keys that are embedded before all others.
    """

    model: str
    width: int
    carried: int | None = None
    order: Literal["random", "id"] = "random"
    first: Sequence[Id] = ()


Phase = Literal["absent", "running", "paused", "finished"]


class State(BaseModel):
    """What workers and searches agree on; the database swaps it whole, or not at all.

    It holds no count of what is done: that is counted.

    Attributes:
        phase: of the migration.
        reason: why it is paused, for people.
        model: identity of the new model.
        width: of the new vectors.
        method: digest of the method of searching, so that no search uses another.
        carried: width of the vectors that are carried forward, if they are.
        spent: money that embeddings have cost.
        embedded: texts that were paid for; more than are done if content changes.
        started: seconds since 1970.
        keeps_old: after finishing, whether the old vectors are still there.
        aside: items that get no vector, by the reason: keys, and the first digits of the
            fingerprints of the contents for which that is so; see `backfill.live.aside`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    phase: Phase = "absent"
    reason: str = ""
    model: str = ""
    width: int = 0
    method: str = ""
    carried: int | None = None
    spent: float = 0.0
    embedded: int = 0
    started: float = 0.0
    keeps_old: bool = True
    aside: dict[str, tuple[tuple[Id, str], ...]] = {}


class Versioned(NamedTuple):
    """A state, and the version that a swap must name."""

    state: State
    version: int


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
