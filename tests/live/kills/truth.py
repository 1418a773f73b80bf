"""What must hold at any moment, computed from the table by brute force."""

from __future__ import annotations

import numpy as np
import psycopg

from backfill.live import Router, Vectors
from backfill.live.opened import Opened, serving_of
from live.kills.models import NEW, OLD, vectors

QUERIES, _K = 5, 10


def check(opened: Opened, url: str, expected: dict[int, str], seed: int) -> int:
    """Compare the table with what was written, and merged answers with brute force.

    Nothing else may write meanwhile.

    Returns:
        How many items are done.

    Raises:
        AssertionError: something is lost, twice or stale, or an answer is another one.
    """
    with psycopg.connect(url) as connection:
        rows = connection.execute("select id, body from documents").fetchall()
    assert dict(rows) == expected, "the application's own rows"
    assert len(rows) == len(expected)
    state = opened.database.state().state
    if state.phase == "absent":
        return 0
    ids = list(expected)
    done = opened.database.new_vectors(ids)
    counts = opened.database.counts()
    assert (counts.items, counts.done) == (len(ids), len(done)), "counts from the data"
    for key, vector in done.items():
        wanted = vectors([expected[key]], NEW)[0]  # type: ignore[index]
        np.testing.assert_allclose(vector, wanted, atol=1e-5, err_msg=f"{key} is stale")
    serving, router = serving_of(opened.migration, state), Router(opened)
    waits = [key for key in ids if key not in done]
    carried = serving.carry(vectors([expected[key] for key in waits], OLD)) if waits else None
    for number in range(QUERIES):
        text = f"question {seed} {number}"
        asked = Vectors(vectors([text], OLD)[0], vectors([text], NEW)[0])
        query = serving.query(np.asarray(asked.old), np.asarray(asked.new))
        of_waiting, of_done = serving.scales(query)
        scores: dict[int, float] = {}
        if carried is not None and query.waiting is not None:
            for key, cosine in zip(waits, carried @ query.waiting, strict=True):
                scores[key] = of_waiting.score(float(cosine))
        for key, vector in done.items():
            scores[key] = of_done.score(float(vector @ query.new))  # type: ignore[index, operator]
        best = sorted(scores, key=lambda key: -scores[key])[:_K]
        found = [result.id for result in router.search(asked, _K, exact=True)]
        assert _same(found, best, scores), f"merged answers to {text}: {found}, not {best}"
    return len(done)


def _same(found: list[object], best: list[int], scores: dict[int, float]) -> bool:
    """Whether both lists have the same scores, up to rounding: equal scores may change places."""
    if len(set(found)) != len(best):
        return False
    pairs = zip(found, best, strict=True)
    return all(abs(scores[a] - scores[b]) < 1e-4 for a, b in pairs)  # type: ignore[index]
