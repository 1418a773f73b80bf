from collections.abc import Iterator

from backfill.live.sharing import Queue, drawn, in_part, ranking, spread
from backfill.live.terms import Id


def test_each_item_belongs_to_one_part_of_about_equal_size() -> None:
    parts = [{k for k in range(3000) if in_part(k, (i, 3))} for i in range(3)]
    assert sorted(k for part in parts for k in part) == list(range(3000))
    assert all(900 < len(part) < 1100 for part in parts)


def test_a_spread_is_the_same_in_every_process_and_tells_types_apart() -> None:
    assert spread(7) == 10282784700551318839
    assert spread(7) != spread("7")


def test_keys_that_come_first_are_followed_by_the_order() -> None:
    assert sorted(range(6), key=ranking("id", [4, 2])) == [4, 2, 0, 1, 3, 5]
    shuffled = sorted(range(100), key=ranking("random", [4, 2]))
    assert shuffled[:2] == [4, 2]
    assert shuffled[2:] != sorted(shuffled[2:])


def test_a_draw_depends_on_its_seed() -> None:
    assert drawn(range(100), 5, 1) == drawn(reversed(range(100)), 5, 1) != drawn(range(100), 5, 2)
    assert sorted(drawn(range(3), 5, 1)) == [0, 1, 2]


def test_a_queue_looks_only_when_it_is_empty_and_passes_over_what_is_done() -> None:
    waiting, looks = set(range(10)), []

    def look() -> Iterator[tuple[int, Id]]:
        looks.append(len(waiting))
        yield from ((k, k) for k in waiting)

    def take(queue: Queue) -> list[Id]:
        return queue.take(3, "a", look, lambda ids: [k for k in ids if k in waiting])

    queue = Queue(ahead=6)
    assert take(queue) == [0, 1, 2]
    waiting -= {0, 1, 2, 3, 4, 5}
    assert take(queue) == [6, 7, 8]
    assert looks == [10, 4]
    waiting.clear()
    assert take(queue) == []
