"""Counts and probes as JSON objects."""

from __future__ import annotations

from typing import Annotated

from pydantic import PlainSerializer

from backfill.live.probing import Probe
from backfill.live.terms import Counts


def _counts(counts: Counts) -> dict[str, int]:
    return counts._asdict() | {"waiting": counts.waiting}


def _probe(probe: Probe | None) -> dict[str, float] | None:
    return None if probe is None else probe._asdict()


Listed = Annotated[Counts, PlainSerializer(_counts)]
Probed = Annotated[Probe | None, PlainSerializer(_probe)]
