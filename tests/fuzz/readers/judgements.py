"""Judgements and runs, as TREC and BEIR have them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

from backfill.judgements import read_qrels, read_run
from fuzz.readers import bombs
from fuzz.registry import Change, cases, content, reader

QRELS = "".join(f"q{k % 4} 0 d{k} {k % 3}\n" for k in range(30)).encode()
BEIR = b"query-id\tcorpus-id\tscore\n" + b"q1\td 1\t1\nq2\td2\t0\n"
RUN = "".join(f"q{k % 4} Q0 d{k} {k} {1 / (k + 1)} name\n" for k in range(30)).encode()


def qrels(folder: Path) -> None:
    """Judgements in each form."""
    (folder / "trec.qrels").write_bytes(QRELS)
    (folder / "beir.tsv").write_bytes(BEIR)
    (folder / "trec.txt.gz").write_bytes(gzip.compress(QRELS))


@reader("qrels", qrels, share=1.5)
def read_judgements(folder: Path) -> object:
    """Judgements."""
    found = [read_qrels(folder / name) for name in ("trec.qrels", "beir.tsv", "trec.txt.gz")]
    for one in found:
        assert all(type(grade) is int for grades in one.values() for grade in grades.values())
    return found


def runs(folder: Path) -> None:
    """Ranked lists."""
    (folder / "trec.run").write_bytes(RUN)
    (folder / "trec.txt.gz").write_bytes(gzip.compress(RUN))


@reader("runs", runs)
def read_runs(folder: Path) -> object:
    """Ranked lists."""
    return read_run(folder / "trec.run"), read_run(folder / "trec.txt.gz")


def of_lines(path: str, valid: bytes) -> dict[str, Change]:
    """Hostile files of lines."""
    data = {
        "nothing": b"",
        "blank lines": b"\n" * 300_000,
        "not UTF-8": b"q 0 caf\xe9 1\n",
        "UTF-16": valid.decode().encode("utf-16"),
        "a NUL": b"q\x00 0 d 1\n",
        "a line of 1 MB": b"q 0 " + b"d" * 1_000_000 + b" 1\n",
        "1 MB without a line break": b"a" * 1_000_000,
        "400,000 fields": b"a " * 400_000,
        "carriage returns": valid.replace(b"\n", b"\r"),
        "a grade of NaN": b"q 0 d nan\n",
        "a grade of infinity": b"q 0 d inf\n",
        "a grade of 1e999": b"q 0 d 1e999\n",
        "a grade of 5,000 digits": b"q 0 d " + b"9" * 5000 + b"\n",
        "a half of a grade": b"q 0 d 0.5\n",
        "a grade in Arabic": "q 0 d ١\n".encode(),
        "a score of NaN": b"q Q0 d 1 nan x\n",
        "a score of 60,000 digits": b"q Q0 d 1 " + b"9" * 60_000 + b" x\n",
        "an item twice": b"q Q0 d 1 2 x\nq Q0 d 2 1 x\n",
        "two grades": b"q 0 d 1\nq 0 d 2\n",
        "only a header": b"query-id\tcorpus-id\tscore\n",
        "separators of Unicode": "q\u20280\u2029d\x851\n".encode(),
        "a mark": b"\xef\xbb\xbf" + valid,
        "a lone surrogate": b"q 0 \xed\xa0\x80 1\n",
    }
    found = {name: content(path, text) for name, text in data.items()}
    return found | {
        "a folder": lambda folder: ((folder / path).unlink(), (folder / path).mkdir(), None)[2]
    }


def of_gz(valid: bytes) -> dict[str, Change]:
    """Hostile compressed files."""
    whole = gzip.compress(valid)
    data: dict[str, bytes | Callable[[], bytes]] = {
        "gz: nothing": b"",
        "gz: not compressed": valid,
        "gz: half": whole[: len(whole) // 2],
        "gz: a header alone": whole[:10],
        "gz: 200 MB of blank lines": lambda: bombs.gz(b"\n", 200 << 20),
        "gz: 200 MB without a line break": lambda: bombs.gz(b"a" * 100, 200 << 20),
        "gz: 200 MB of zeros": lambda: bombs.gz(bytes(100), 200 << 20),
        "gz: 200 MB of one line": lambda: bombs.gz(valid.splitlines(keepends=True)[0], 200 << 20),
        "gz: 5,000 archives": gzip.compress(b"\n") * 5000,
        "gz: a name that goes on": whole[:3] + b"\x08" + whole[4:10] + b"a" * 1_000_000,
    }
    return {name: content("trec.txt.gz", packed) for name, packed in data.items()}


cases("qrels", of_lines("trec.qrels", QRELS) | of_gz(QRELS))
cases("runs", of_lines("trec.run", RUN) | of_gz(RUN))
cases("qrels", {f"BEIR: {n}": made for n, made in of_lines("beir.tsv", BEIR).items()})
