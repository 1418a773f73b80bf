"""The items that can be among the first for a query."""

import numpy as np
import pytest
from worlds import world

from backfill.arrays import Float32s
from backfill.forecast import candidates
from backfill.forecast.candidates import Candidates, find, including
from backfill.forecast.channels import Channel

WORLD = world(items=200, queries=7)
CHANNELS = (
    Channel("old", WORLD.queries_old),
    Channel("other", np.roll(WORLD.queries_old, 1, axis=1)),
)


def nearest(channels: tuple[Channel, ...], old: Float32s, query: int, count: int) -> set[int]:
    """By sorting everything; of equals the lower row."""
    rows = [np.argsort(-c.scores(old)[query], kind="stable")[:count] for c in channels]
    return set(np.concatenate(rows).tolist())


def listed(found: Candidates, query: int) -> list[int]:
    items = found.items[query]
    return [int(item) for item in items if item >= 0]


@pytest.mark.parametrize("count", [3, 10, 40])
@pytest.mark.parametrize("room", [1, 3, 60])
def test_they_are_each_channels_nearest_whatever_the_size_of_the_blocks(
    count: int, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "_ROOM", room)
    found = find(CHANNELS, WORLD.old, count)
    for query in range(len(WORLD.queries_old)):
        assert set(listed(found, query)) == nearest(CHANNELS, WORLD.old, query, count)
        assert listed(found, query) == sorted(listed(found, query))
        assert found.outside[query] == len(WORLD.old) - len(listed(found, query))


def test_their_scores_are_the_cosines_by_each_channel_and_nothing_where_there_is_no_item() -> None:
    found = find(CHANNELS, WORLD.old, 10)
    empty = found.items < 0
    assert empty.any()
    for scores, channel in zip(found.scores, CHANNELS, strict=True):
        wanted = np.take_along_axis(channel.scores(WORLD.old), np.maximum(found.items, 0), axis=1)
        np.testing.assert_allclose(scores[~empty], wanted[~empty], atol=1e-6)
        assert (scores[empty] == -np.inf).all()


def test_a_crowd_of_equals_does_not_keep_out_what_is_nearer_and_comes_later() -> None:
    axes = np.eye(8, dtype=np.float32)
    # 100 items at a right angle to the query fill the list, before the near ones come.
    old = np.concatenate([axes[[2] * 100], axes[[0] * 3], axes[[1] * 3]])
    channels = (Channel("old", axes[:1]), Channel("other", axes[1:2]))
    found = find(channels, old, 2)
    assert listed(found, 0) == [100, 101, 103, 104]
    crowded = find(channels, axes[[2] * 100], 2)
    assert listed(crowded, 0) == [0, 1]


def test_of_a_small_gallery_they_are_all_items() -> None:
    found = find(CHANNELS, WORLD.old, 500)
    assert (found.items == np.arange(len(WORLD.old))).all()
    assert (found.outside == 0).all()


def test_items_whose_place_is_asked_for_are_added_once_and_in_order() -> None:
    before = find(CHANNELS, WORLD.old, 5)
    wanted = [np.array([1, 50, 199])] * 6 + [np.empty(0, np.int64)]
    found = including(before, wanted, CHANNELS, WORLD.old)
    for query, rows in enumerate(wanted):
        assert listed(found, query) == sorted({*listed(before, query), *rows.tolist()})
        assert found.outside[query] == len(WORLD.old) - len(listed(found, query))
    there = found.items >= 0
    for scores, channel in zip(found.scores, CHANNELS, strict=True):
        wanted_scores = np.take_along_axis(
            channel.scores(WORLD.old), np.maximum(found.items, 0), axis=1
        )
        np.testing.assert_allclose(scores[there], wanted_scores[there], atol=1e-6)
        assert (scores[~there] == -np.inf).all()


def test_nothing_changes_when_all_that_is_asked_for_is_there() -> None:
    before = find(CHANNELS, WORLD.old, 5)
    wanted = [np.array(listed(before, query)[:2]) for query in range(7)]
    assert including(before, wanted, CHANNELS, WORLD.old) is before
