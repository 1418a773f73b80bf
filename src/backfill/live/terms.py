"""What passes between a migration and its database: items, hits, counts, the setup, the state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

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
