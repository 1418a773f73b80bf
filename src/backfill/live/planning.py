"""What a migration would take: items, time, money, disk, and what the database lacks."""

from __future__ import annotations

import time

from pydantic import BaseModel

from backfill.errors import InputError
from backfill.live.dividing import Divider
from backfill.live.embedders import Unavailable
from backfill.live.embedding import is_empty
from backfill.live.opened import Opened
from backfill.live.starting import forecast_of
from backfill.live.terms import Rows

_TRIED = 64  # items that are embedded to see how fast it goes


class Plan(BaseModel):
    """What `backfill plan` says.

    Attributes:
        name: of the migration.
        server: name and version of the database.
        model: identity of the new model.
        items: of the gallery.
        widths: dimensions of the old and the new vectors.
        characters: of an item's text, on average.
        rate: items per second of one worker: measured, or the limit if that is lower.
        seconds: of embedding at that rate; building indexes comes on top.
        money: at the price of the file; None if it gives none.
        disk: bytes that new vectors and their index take, estimated.
        disk_carried: most bytes that old vectors carried forward take beside while items wait.
        method: that is to serve; None: chosen from a sample when it starts.
        headline: the forecast's, if there is one.
        missing: what must be mended first, in sentences.
        notes: what is worth knowing, in sentences.
    """

    name: str
    server: str
    model: str
    items: int
    widths: tuple[int, int]
    characters: float
    rate: float
    seconds: float
    money: float | None
    disk: int
    disk_carried: int
    method: str | None
    headline: str | None
    missing: list[str]
    notes: list[str]


def plan(opened: Opened) -> Plan:
    """Look at the gallery and embed a few of its items; nothing is changed.

    Raises:
        InputError: the database does not answer, or the model gives no usable vectors.
    """
    migration, embedder = opened.migration, opened.new
    facts = opened.database.facts(embedder.width)
    rows = opened.database.sample(_TRIED, seed=0)
    rate, tokens = _tried(opened, rows)
    if migration.rate is not None:
        rate = min(rate, migration.rate)
    price, money = migration.price, None
    if price.per_million_tokens is not None or price.per_thousand_items is not None:
        money = price.estimate(facts.items, facts.items * tokens)
    forecast = forecast_of(migration)
    return Plan(
        name=migration.name,
        server=facts.server,
        model=embedder.identity,
        items=facts.items,
        widths=(facts.width, embedder.width),
        characters=facts.text_characters,
        rate=rate,
        seconds=facts.items / rate,
        money=money,
        disk=facts.new_bytes,
        disk_carried=facts.carried_bytes,
        method=None if forecast is None else forecast.decision.method,
        headline=None if forecast is None else forecast.decision.headline,
        missing=facts.missing,
        notes=facts.notes,
    )


def _tried(opened: Opened, rows: Rows) -> tuple[float, float]:
    """Items per second, and tokens per item, of a few items; the first call may load the model."""
    texts = [text for text in rows.texts if not is_empty(text)]
    if not texts:
        raise InputError(
            f"{opened.migration.file}: expected items with content and an old vector, got none"
        )
    try:
        divider = Divider(opened.new)
        divider.embed(texts[:1])
        start = time.perf_counter()
        found = divider.embed(texts).embedding
    except Unavailable as error:
        raise InputError(f"{opened.migration.file}: new: {error}") from error
    seconds = max(time.perf_counter() - start, 1e-6)
    return len(texts) / seconds, (found.tokens or 0) / max(1, len(found.vectors))
