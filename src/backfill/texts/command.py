"""What `backfill embed` does and prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backfill.compute import start
from backfill.params import Compute
from backfill.texts.embedding import Embedded, embed
from backfill.texts.prompts import Prompts


def run(
    folder: Path,
    old: str,
    new: str,
    *,
    sample: int | None,
    seed: int,
    batch_size: int,
    half: bool,
    workers: int | None,
    query_prompt: Sequence[str],
    document_prompt: Sequence[str],
) -> None:
    """Embed a folder's texts, and say what is there then.

    Args:
        folder: in BEIR's layout.
        old: the model in service.
        new: its successor.
        sample: documents for the new model; None: all.
        seed: of the sample.
        batch_size: texts at a time.
        half: whether to store float16.
        workers: processes on this machine; None: this one alone.
        query_prompt: as the command line has them.
        document_prompt: as the command line has them.

    Raises:
        InputError: texts, models or options are wrong.
    """
    before_queries = Prompts.parsed("--query-prompt", query_prompt)
    before_documents = Prompts.parsed("--document-prompt", document_prompt)
    compute = Compute() if workers is None else Compute(engine="ray", workers=workers)
    with start(compute) as engine:
        done = embed(
            folder,
            old,
            new,
            sample=sample,
            seed=seed,
            batch_size=batch_size,
            half=half,
            engine=engine,
            query_prompts=before_queries,
            document_prompts=before_documents,
        )
    print("\n".join([*said(done), f"next: backfill forecast {folder}"]))


def said(done: Embedded) -> list[str]:
    """What is there, in lines."""
    lines = []
    for name, rows in sorted(done.rows.items()):
        rate = done.rates.get(name)
        speed = f", {rate.items_per_s:,.1f} per second" if rate else ""
        lines.append(f"{name + '.npy':<16}{rows:>12,} vectors{speed}")
    return [*lines, *(f"note: {note}" for note in done.notes)]
