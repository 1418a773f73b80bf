"""Graded relevance and ranked lists: TREC and BEIR files, dictionaries, data frames."""

from backfill.judgements.graded import Judgements
from backfill.judgements.known_item import KnownItems, known_item_queries
from backfill.judgements.page import pooled, write_page
from backfill.judgements.qrels import Qrels, as_qrels, read_qrels, write_qrels
from backfill.judgements.runs import Run, as_run, read_run, write_run

__all__ = [
    "Judgements",
    "KnownItems",
    "Qrels",
    "Run",
    "as_qrels",
    "as_run",
    "known_item_queries",
    "pooled",
    "read_qrels",
    "read_run",
    "write_page",
    "write_qrels",
    "write_run",
]
