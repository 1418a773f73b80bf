"""A worker: it embeds what waits until nothing does, or until it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from backfill.live import aside
from backfill.live.base import Batch, Database
from backfill.live.dividing import Divider
from backfill.live.embedders import Embedder, Unavailable
from backfill.live.embedding import Embedded, embed
from backfill.live.pace import Pace
from backfill.live.pairs import chunks
from backfill.live.serving import Serving
from backfill.live.spending import Budget
from backfill.live.states import pause
from backfill.live.terms import Id, State

_CARRIED_AT_ONCE = 1000
_IDLE = 0.5  # seconds between looks at a database in which others work, or nothing waits


@dataclass
class Worker:
    """Backfills a gallery. Any number of workers may run at the same time, on any machines.

    What a worker holds when it dies is claimed by others; what it wrote stays.

    Attributes:
        database: the gallery.
        embedder: the new model.
        serving: the method, for vectors that are carried forward.
        batch: items that are claimed at a time.
        part: (i, n): the i-th of n workers, for databases that do not share items out.
        pace: most items per second.
        budget: most money.
        progress: called with the number of items that were written after each batch.
        follow: go on when nothing waits, until the migration is paused, finished or rolled back.
        most_aside: items that may be set aside, as they get no vector; more pause the migration.
        embed_empty: whether items without content are embedded, and not set aside.
    """

    database: Database
    embedder: Embedder
    serving: Serving
    batch: int = 64
    part: tuple[int, int] = (0, 1)
    pace: Pace = field(default_factory=Pace)
    budget: Budget = field(default_factory=Budget)
    progress: Callable[[int], object] = lambda written: None
    follow: bool = False
    most_aside: int = 10
    embed_empty: bool = False

    def __post_init__(self) -> None:
        self._divider = Divider(self.embedder)
        self._aside: set[tuple[Id, str]] = set()

    def run(self) -> State:
        """Work until nothing waits, or the migration is paused, finished or rolled back.

        Whoever cannot go on, since the model gives no vectors or the cap is reached, pauses the
        migration for all workers and says why in its state. An item that alone gets no vector is
        set aside.

        Returns:
            The state in which it ended; still `running` if nothing waits but what is set aside.
        """
        while True:
            state = self.database.state().state
            if not self._goes_on(state):
                return state
            self._aside = aside.known(state)
            self.carry()
            try:
                worked = self._next_batch()
            except Unavailable as error:
                return pause(self.database, str(error))
            if worked or self.database.reconcile():
                continue
            if not self.follow and self._nothing_waits():
                return self.database.state().state
            time.sleep(_IDLE)

    def carry(self) -> int:
        """Carry forward the old vectors of all waiting items for which that was not done yet.

        Returns:
            How many.
        """
        carried = 0
        while self.serving.carried is not None:
            rows = self.database.uncarried(_CARRIED_AT_ONCE)
            if not rows.ids:
                break
            written = self.database.carry(rows.ids, rows.vectors, self.serving.carry(rows.vectors))
            if not written:
                break  # they changed meanwhile: later
            carried += written
        return carried

    def _goes_on(self, state: State) -> bool:
        return state.phase == "running" or (self.follow and state.phase == "finished")

    def _nothing_waits(self) -> bool:
        state = self.database.state().state
        waiting = self.database.counts().waiting
        return waiting == 0 or waiting <= aside.count(aside.waiting_aside(self.database, state))

    def _next_batch(self) -> bool:
        """Claim, embed and write some items; whether there were any that are not set aside."""
        with self.database.claim(self.batch + len(self._aside), self.part) as batch:
            fresh = [item.id for item in batch.items if aside.mark(item) not in self._aside]
            whole = len(fresh) == len(batch.items) <= self.batch
            found = self._embed(batch) if whole and fresh else None
        if found is not None:
            self._after(found)
            return True
        for number, ids in enumerate(chunks(fresh, self.batch)):
            if number and not self._goes_on(self.database.state().state):
                break
            self._after(self._claimed(self.database.claim_ids(ids)))
        return bool(fresh)

    def _claimed(self, claim: AbstractContextManager[Batch]) -> Embedded:
        with claim as batch:
            return self._embed(batch)

    def _embed(self, batch: Batch) -> Embedded:
        """Embed claimed items, and write those that are still what they were.

        Raises:
            Unavailable: the model gave no usable vectors, or the cap is reached.
        """
        found = embed(
            self._divider, self.budget, self.database, batch.items, empty=self.embed_empty
        )
        if found.items and not found.refused:
            self.progress(batch.write(found.vectors))
        return found

    def _after(self, found: Embedded) -> None:
        """Outside the claim, which others may wait for."""
        if found.refused:
            if found.items:
                self.progress(found.write(self.database))
            aside.put(self.database, found.refused, self.most_aside)
        self.pace.wait(len(found.items) + len(found.refused))
