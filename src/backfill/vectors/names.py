"""The names of a folder's files: what each is for, and what follows if it is not there."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """What a name stands for.

    Attributes:
        holds: what is in the file, in words.
        without: what it means that there is none, in words.
        required: whether nothing can be said without it.
    """

    holds: str
    without: str
    required: bool = False


VECTORS = {
    "old": Kind("old vectors of the gallery", "nothing to compare with", True),
    "new": Kind("new vectors of the sampled items", "nothing is known of the new model", True),
    "queries_old": Kind("old vectors of the queries", "held-out gallery items stand in as queries"),
    "queries_new": Kind("new vectors of the queries", "held-out gallery items stand in as queries"),
    "pairs_old": Kind("old vectors of other items to fit maps on", "maps are fitted on the sample"),
    "pairs_new": Kind("new vectors of other items to fit maps on", "maps are fitted on the sample"),
}
LISTS = {
    "sample": Kind("which gallery items `new` has", "`new` must have all, in the gallery's order"),
    "ids": Kind("names of gallery items", "row numbers are the ids"),
    "query_ids": Kind("names of queries", "row numbers are the ids"),
    "labels": Kind("labels of gallery items", "labels of queries say nothing"),
    "query_labels": Kind("labels of queries", "labels of items say nothing"),
    "query_weights": Kind("how often each query is asked", "every query counts the same"),
    "texts": Kind("texts of gallery items", "items are shown by their ids"),
    "query_texts": Kind("texts of queries", "queries are shown by their ids"),
}
# BEIR's names of texts; they bring ids as well.
BEIR = {"texts": "corpus.jsonl", "query_texts": "queries.jsonl"}
QRELS = Kind("graded judgements of items for queries", "only agreement with `new` can be measured")
QRELS_FILES = ("qrels.tsv", "qrels.txt")
QRELS_FOLDER = "qrels"
# Copies that can be memory-mapped.
KEPT = ".backfill"
