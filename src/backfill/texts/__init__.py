"""Texts of BEIR's layout (Thakur et al., NeurIPS 2021) embedded by two models.

The models are those of sentence-transformers, by name or as a local folder; the extra `texts`
installs it. Work is cut into shards that are kept, so that a process that dies at any moment
loses one shard of each worker: the same call goes on where it was.
"""

from backfill.texts.beir import Texts
from backfill.texts.embedding import Embedded, embed
from backfill.texts.prompts import Prompts

__all__ = ["Embedded", "Prompts", "Texts", "embed"]
