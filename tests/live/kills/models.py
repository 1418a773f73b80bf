"""Two models that are functions of a text; the new one takes its time."""

from __future__ import annotations

import hashlib
import time

import numpy as np

from backfill.arrays import Float32s

OLD, NEW = 16, 24
SECONDS = 0.004  # per text


def vectors(texts: list[str], width: int) -> Float32s:
    found = []
    for text in texts:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        rng = np.random.default_rng(seed)
        topic, noise = rng.normal(size=OLD), rng.normal(size=NEW)
        # The new space knows what the old one knows, and more.
        row = topic if width == OLD else np.tile(topic, 2)[:NEW] + noise
        found.append(row / np.linalg.norm(row))
    return np.array(found, np.float32).reshape(len(texts), width)


def old(texts: list[str]) -> Float32s:
    return vectors(texts, OLD)


def new(texts: list[str]) -> Float32s:
    time.sleep(SECONDS * len(texts))
    return vectors(texts, NEW)
