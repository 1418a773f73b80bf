"""LanceDB, embedded: on a disk or in object storage, without a server.

New vectors and their fingerprints stand in columns beside the old ones, and so do vectors that are
carried forward; nothing else changes in the user's table. LanceDB computes fingerprints itself,
from what is stored, so a search needs no notes to know which side an item is on, and a write names
the content that it is for.
"""

from backfill.live.databases.lancedb.settings import LanceSettings

__all__ = ["LanceSettings"]
