"""What embeds texts: a local model, a service, or a function of the user's.

One module each; each registers itself by the name that `provider` gives it.
"""

from backfill.live.embedders.base import Embedder, Embedding, Unavailable
from backfill.live.embedders.registry import EMBEDDERS, EmbedderSettings, embedder

__all__ = ["EMBEDDERS", "Embedder", "EmbedderSettings", "Embedding", "Unavailable", "embedder"]
