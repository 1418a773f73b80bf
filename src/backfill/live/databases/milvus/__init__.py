"""Milvus: a server, or Milvus Lite in a file, by the same client.

New vectors stand with their keys and fingerprints in a collection of the migration's own, and the
user's collection is only read. Milvus computes no fingerprints and joins no collections: the rows
of one that a search finds are looked up in the other, and compared here.
"""

from backfill.live.databases.milvus.settings import MilvusSettings

__all__ = ["MilvusSettings"]
