"""Upgrades of real text encoders, cut into gallery, queries and known items, for benchmarks.

FOLDER has `banking/` and `cranfield/`: MODEL.npy per encoder, (N, D), and `labels.npy` or
`qrels.tsv`. Banking's first 10,003 texts are the gallery, of the others some search it. Cranfield's
1,400 documents are the gallery, the 225 texts behind them the queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from backfill.arrays import Float32s, Int64s, System
from backfill.judgements import Judgements
from backfill.relevance import Relevance
from backfill.vectors import Upgrade

BANKING, DOCUMENTS = 10_003, 1_400  # texts of the galleries
QUERIES = 300  # of banking that are drawn for a sample
UNSEEN = 37  # intents that are left out of the pairs
ESTIMATED_FROM = 500  # items of the gallery that are known where maps are fitted on other texts

OWN, UNSEEN_INTENTS, UNSAMPLED_INTENTS, FOREIGN = (
    "own texts",
    "unseen intents",
    "unsampled intents",
    "foreign texts",
)


@dataclass(frozen=True)
class Case:
    """An upgrade, and which texts its maps are fitted on.

    Attributes:
        corpus: banking or cranfield.
        old: the old model.
        new: the new model.
        fitted_on: `own texts`, a random sample of the gallery; `unseen intents`, texts of 40
            intents that are not in the gallery, where queries are of the other 37; `unsampled
            intents`, the same with the texts in the gallery, as a sample that is not random;
            `foreign texts`, those of the other corpus.
        pairs: how many.
    """

    corpus: str
    old: str
    new: str
    fitted_on: str
    pairs: int

    @property
    def title(self) -> str:
        """In words."""
        return f"{self.corpus}, {self.old} to {self.new}, {self.pairs:,} {self.fitted_on}"

    @property
    def name(self) -> str:
        """For files."""
        return self.title.replace(",", "").replace(" ", "_")


@dataclass(frozen=True, eq=False)
class Drawn:
    """One sample of a case, of unit vectors.

    Attributes:
        old: queries and gallery by the old model.
        new: by the new model.
        queries: (Q,) which of the corpus's texts search.
        judgements: of them.
        known: gallery rows that are sampled, ascending.
        pairs: old and new vectors from elsewhere that maps are fitted on instead, or None.
    """

    old: System
    new: System
    queries: Int64s
    judgements: Judgements
    known: Int64s
    pairs: tuple[Float32s, Float32s] | None

    @cached_property
    def relevance(self) -> Relevance:
        """Of the gallery to the queries."""
        return self.judgements.relevance()

    def upgrade(self, *, judged: bool = False) -> Upgrade:
        """What a user would have in a folder."""
        return Upgrade(
            old=self.old.gallery, new=self.new.gallery[self.known], sample=self.known,
            queries_old=self.old.query, queries_new=self.new.query,
            pairs_old=None if self.pairs is None else self.pairs[0],
            pairs_new=None if self.pairs is None else self.pairs[1],
            ids=[str(row) for row in range(len(self.old.gallery))],
            query_ids=[str(row) for row in self.queries],
            labels=None, query_labels=None, judgements=self.judgements if judged else None,
            weights=None, texts=None, query_texts=None, notes=[],
        )  # fmt: skip


def unit_rows(folder: Path, corpus: str, model: str) -> Float32s:
    """(N, D) vectors of a corpus, of unit length."""
    rows = np.load(folder / corpus / f"{model}.npy").astype(np.float32)
    unit: Float32s = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def draw(case: Case, folder: Path, sample: int) -> Drawn:
    """Cut a corpus.

    Args:
        case: which, and what is known of it.
        folder: with the corpora.
        sample: of the pairs and of banking's queries; samples have no query in common.
    """
    rng = np.random.default_rng([sample, 20])
    vectors = [unit_rows(folder, case.corpus, model) for model in (case.old, case.new)]
    size = BANKING if case.corpus == "banking" else DOCUMENTS
    gallery, queries = np.arange(size), np.arange(size, len(vectors[0]))
    pairs: tuple[Float32s, Float32s] | None = None
    labels = np.load(folder / "banking" / "labels.npy")
    if case.fitted_on in (UNSEEN_INTENTS, UNSAMPLED_INTENTS):
        intents = np.random.default_rng(20).permutation(np.unique(labels))
        unseen = np.isin(labels, intents[:UNSEEN])
        queries = queries[unseen[queries]]
        fitted = np.sort(rng.permutation(gallery[~unseen[gallery]])[: case.pairs])
        if case.fitted_on == UNSEEN_INTENTS:
            gallery = np.setdiff1d(gallery, fitted)
            pairs = vectors[0][fitted], vectors[1][fitted]
            known = rng.permutation(len(gallery))[:ESTIMATED_FROM]
        else:
            known = fitted
    elif case.fitted_on == FOREIGN:
        other = "banking" if case.corpus == "cranfield" else "cranfield"
        texts = rng.permutation(BANKING if other == "banking" else DOCUMENTS)[: case.pairs]
        foreign = [unit_rows(folder, other, model)[texts] for model in (case.old, case.new)]
        pairs = foreign[0], foreign[1]
        known = rng.permutation(size)[:ESTIMATED_FROM]
    else:
        known = rng.permutation(size)[: case.pairs]
    if case.corpus == "banking":
        shuffled = np.random.default_rng(21).permutation(queries)
        queries = np.sort(np.roll(shuffled, -QUERIES * sample)[:QUERIES])
        judgements = Judgements.from_labels(labels[queries], labels[gallery])
    else:
        judgements = _of_qrels(folder / "cranfield" / "qrels.tsv", queries)
    old, new = (System(rows[queries], rows[gallery]) for rows in vectors)
    return Drawn(old, new, queries, judgements, np.sort(known), pairs)


def _of_qrels(path: Path, queries: Sequence[int] | Int64s) -> Judgements:
    """Cranfield's codes, from 1, the best, to 4, as grades from 4 to 1."""
    qrels: dict[str, dict[str, int]] = {}
    for query, document, code in np.loadtxt(path, np.int64, skiprows=1):
        qrels.setdefault(str(query), {})[str(document)] = 5 - int(code)
    return Judgements.from_qrels(
        qrels, [str(q) for q in queries], [str(d) for d in range(DOCUMENTS)]
    )
