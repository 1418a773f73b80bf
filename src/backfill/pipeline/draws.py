"""Draws of the encoders: how often each row is made, and from which seeds.

Draw d of an encoder has the d-th of its `seeds`. Everything downstream of it is made once for each
draw, from the same draw of all encoders that it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from backfill.params import Settings
from backfill.params.base import Seed
from backfill.params.rows.encoders import Stored
from backfill.pipeline.inputs import inputs_of

_APART = 1000  # between the seeds of two draws
# Of an encoder, by whether it is stored.
_STAGES = {False: ("train", "embed"), True: ("read",)}


def seeds_of(seeds: Sequence[Seed], draw: int) -> list[Seed]:
    """The seeds of what is trained or drawn several times within one draw of the encoders.

    Other draws have other seeds, so that nothing random is shared between them.

    Args:
        seeds: of the first draw.
        draw: from 0.
    """
    return [(seed + _APART * draw) % 2**32 for seed in seeds]


def draws(settings: Settings, rows: Mapping[str, Iterable[str]]) -> dict[tuple[str, ...], int]:
    """How many draws each row of a graph has: as many as all of the encoders it is made from.

    Args:
        settings: `draws` and the rows themselves.
        rows: names of the rows of `encoders`, `transforms`, `orders` and `methods`.

    Returns:
        (stage, row) -> the number of draws, at least 1.
    """
    asked, catalogue = settings.params.draws, settings.catalogue
    found: dict[str, int] = {}

    def of_set(name: str) -> int:
        """Draws of an encoder or a transform."""
        if name not in found:
            row = catalogue.transforms.get(name) or catalogue.encoders[name]
            found[name] = min([asked, own(name), *map(of_set, inputs_of(row))])
        return found[name]

    def own(name: str) -> int:
        """Draws that a row has by itself; what is stored has one."""
        row = catalogue.encoders.get(name)
        return asked if row is None else 1 if isinstance(row, Stored) else len(row.seeds)

    def of_order(name: str) -> int:
        return min([asked, *map(of_set, inputs_of(catalogue.orders[name]))])

    def of_method(name: str) -> int:
        row = catalogue.methods[name]
        return min([of_order(row.order), *map(of_set, inputs_of(row))])

    def counted() -> Iterator[tuple[tuple[str, str], int]]:
        for name in rows["encoders"]:
            stored = isinstance(catalogue.encoders[name], Stored)
            yield from (((stage, name), of_set(name)) for stage in _STAGES[stored])
        yield from ((("transform", name), of_set(name)) for name in rows["transforms"])
        yield from ((("order", name), of_order(name)) for name in rows["orders"])
        yield from ((("evaluate", name), of_method(name)) for name in rows["methods"])

    return dict(counted())
