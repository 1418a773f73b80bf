"""A worker: it embeds what waits until nothing does, or until it is told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from backfill.live.base import Batch, Database, State
from backfill.live.embedders import Embedder, Unavailable
from backfill.live.pace import Pace
from backfill.live.serving import Serving
from backfill.live.spending import Budget
from backfill.live.states import pause

_CARRIED_AT_ONCE = 1000
_IDLE = 0.5  # seconds between looks at a database in which others work, or nothing waits

Ended = Literal["done", "paused", "finished", "absent"]


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

    def run(self) -> State:
        """Work until nothing waits, or the migration is paused, finished or rolled back.

        Whoever cannot go on, since the model gives no vectors or the cap is reached, pauses the
        migration for all workers and says why in its state.

        Returns:
            The state in which it ended; still `running` if nothing waits.
        """
        while True:
            state = self.database.state().state
            if state.phase != "running" and not (self.follow and state.phase == "finished"):
                return state
            self.carry()
            try:
                worked = self._next_batch()
            except Unavailable as error:
                return pause(self.database, str(error))
            if worked or self.database.reconcile():
                continue
            if self.database.counts().waiting == 0 and not self.follow:
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

    def _next_batch(self) -> bool:
        """Claim, embed and write some items; whether there were any."""
        with self.database.claim(self.batch, self.part) as batch:
            if not batch.items:
                return False
            claimed = len(batch.items)
            self.progress(self.embed(batch))
        self.pace.wait(claimed)  # outside the claim, which others may wait for
        return True

    def embed(self, batch: Batch) -> int:
        """Embed claimed items, and write those that are still what they were.

        Returns:
            How many were written.

        Raises:
            Unavailable: the model gave no usable vectors, or the cap is reached.
        """
        texts = [item.text for item in batch.items]
        with self.budget.paying(self.database, len(texts)) as paid:
            embedding = self.embedder.documents(texts)
            paid(embedding)
        return batch.write(embedding.vectors)
