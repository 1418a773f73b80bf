"""Ways to put waiting and backfilled items into one ranking, one per module.

Two systems rank different items, and their similarities need not be comparable. A merge gives every
item a score by which all of them are ranked; ties go to the lower gallery index.

- Similarities as they are: `distance`.
- What users do to join two result lists: `reciprocal_rank`, `min_max`, `z_score`. A score depends
  on the other items in the item's own list, so every checkpoint is scored anew.
- A map of each system's similarity to a common scale: `isotonic` and `logistic`, fitted once, on
  labels; `background_z_score` and `background_nearest`, without labels, fitted at every checkpoint
  on the items that are backfilled by then. A map rises with the similarity. It changes no ranking
  within a system, so the backfill starts exactly at the old system and ends exactly at the new one.

A new merge is a new module here that registers a function of its name:

    @MERGES.register("my_merge")
    def my_merge(backfill: Backfill) -> Scorer: ...

:mod:`.maps` holds what merges that are fitted once share, and :mod:`.lists` what those share that
score every checkpoint anew.
"""

from backfill.registry import Registry
from backfill.retrieval.merge.base import Merge

MERGES: Registry[Merge] = Registry(__name__)
