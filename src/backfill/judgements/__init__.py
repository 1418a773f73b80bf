"""Graded relevance and ranked lists: TREC and BEIR files, dictionaries, data frames."""

from backfill.judgements.graded import Judgements
from backfill.judgements.qrels import Qrels, as_qrels, read_qrels, write_qrels
from backfill.judgements.runs import Run, as_run, read_run, write_run

__all__ = [
    "Judgements",
    "Qrels",
    "Run",
    "as_qrels",
    "as_run",
    "read_qrels",
    "read_run",
    "write_qrels",
    "write_run",
]
