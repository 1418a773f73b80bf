"""The backfill itself, on a live database: every search is answered by both models' vectors.

    with Router.open("migration.yaml") as router:
        router.search("a question", k=10)

- :class:`Router`: searches before, during and after a migration.
- :class:`OnDemand`: embeds what a query is about to return, under a latency budget.
- `backfill plan`, `start`, `status`, `pause`, `resume`, `verify`, `finish`, `rollback`.
"""

from backfill.live.merging import Result
from backfill.live.on_demand import OnDemand
from backfill.live.router import Router, Vectors

__all__ = ["OnDemand", "Result", "Router", "Vectors"]
