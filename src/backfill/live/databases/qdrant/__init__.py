"""Qdrant: a server, or its local mode in a folder, by the same client.

New vectors are named vectors of the user's points. Beside each stands its fingerprint, as a vector
of 32 bytes: so one operation writes both or neither, on the condition that the content is still
that which was embedded, and payloads are left alone. Qdrant computes no fingerprints, so contents
come along with what a search finds, and are compared here.
"""

from backfill.live.databases.qdrant.settings import QdrantSettings

__all__ = ["QdrantSettings"]
