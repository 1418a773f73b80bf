"""What somebody should know of texts and of what a model makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from backfill.texts.beir import Texts
from backfill.texts.outputs import Output


def on_texts(corpus: Texts, queries: Texts | None) -> Iterator[str]:
    """Files that are missing, and texts that are empty."""
    if queries is None:
        yield "queries.jsonl: there is none, so held-out documents stand in as queries"
    for texts in filter(None, (corpus, queries)):
        if texts.empty:
            yield (
                f"{texts.path.name}: {len(texts.empty):,} of {len(texts.ids):,} texts are empty, "
                f"such as {texts.ids[texts.empty[0]]!r}; a model gives all of these one vector"
            )


def on_long(output: Output) -> str | None:
    """How many texts a model reads only the beginning of, if the shards that say so are there."""
    if output.missing():
        return None
    count = sum(int(of_shard.sum()) for of_shard in output.stored("exceeding"))
    model = Path(output.work.model).name
    if not count:
        return None
    return (
        f"{output.name}: {count:,} of {output.total:,} texts are longer than {model} reads; "
        "their ends are not in the vectors"
    )
