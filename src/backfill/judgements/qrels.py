"""Judgements by id: files as TREC and BEIR have them, and data frames."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from backfill.artifacts import replacing
from backfill.errors import InputError
from backfill.judgements.columns import column, rows
from backfill.judgements.lines import Source, fields_of, name_of
from backfill.reading.files import short

# Query id -> item id -> grade.
Qrels: TypeAlias = dict[str, dict[str, int]]

_HEADERS = ("query-id", "query_id", "qid", "q_id", "query")


def read_qrels(source: Source) -> Qrels:
    """Read judgements, in the form of TREC or of BEIR.

    TREC's lines are `query 0 item grade`. BEIR's are `query item grade`, below a header. Fields are
    parted by tabs or spaces; a grade of 0 or below is a judgement too: irrelevant.

    Args:
        source: a path (`.gz` as well), an open file, or the text itself.

    Returns:
        Query id -> item id -> grade.

    Raises:
        InputError: the file cannot be read or has no judgement; a line has another form, a grade
            that is no integer, or repeats a judgement with another grade.
    """
    found: Qrels = {}
    for at, (where, fields) in enumerate(fields_of(source)):
        if at == 0 and fields[0].strip().lower() in _HEADERS:
            continue
        if len(fields) not in (3, 4):
            raise InputError(
                f"{where}: expected `query 0 item grade` or `query item grade`, "
                f"got {len(fields)} fields"
            )
        query, item = fields[0].strip(), fields[-2].strip()
        if not query or not item:
            raise InputError(f"{where}: expected a query and an item, got an empty one")
        add(found, where, query, item, fields[-1])
    if not found:
        raise InputError(f"{name_of(source)}: expected judgements, got none")
    return found


def write_qrels(path: str | os.PathLike[str], qrels: Mapping[str, Mapping[str, int]]) -> None:
    """Write judgements as BEIR does: a header, then `query item grade` between tabs.

    Args:
        path: of the file.
        qrels: query id -> item id -> grade.

    Raises:
        InputError: an id is empty or has white space at an end or a tab or line break in it, or the
            file cannot be written.
    """
    with replacing(Path(path)) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write("query-id\tcorpus-id\tscore\n")
        for query, grades in qrels.items():
            for item, grade in grades.items():
                file.write(f"{checked_id(path, query)}\t{checked_id(path, item)}\t{int(grade)}\n")


def as_qrels(source: Any) -> Qrels:
    """Take judgements as they come.

    Args:
        source: query id -> item id -> grade; or a data frame with columns `query_id`, `doc_id` and
            `relevance`, as ir_measures names them, or `q_id`, `doc_id` and `score`, as ranx does;
            or what :func:`read_qrels` reads.

    Returns:
        Query id -> item id -> grade, of ids as strings.

    Raises:
        InputError: columns are missing, a grade is no integer, or :func:`read_qrels` raises it.
    """
    found: Qrels = {}
    if isinstance(source, Mapping):
        for query, grades in source.items():
            found.setdefault(str(query), {})
            if not isinstance(grades, Mapping):
                raise InputError(
                    f"qrels[{short(query)}]: expected item -> grade, got {short(grades)}"
                )
            for item, grade in grades.items():
                add(found, f"qrels[{query!r}][{item!r}]", str(query), str(item), grade)
        return found
    if not hasattr(source, "columns"):
        return read_qrels(source)
    columns = [
        column(source, "qrels", names)
        for names in (("query_id", "q_id", "qid", "query-id"), ("doc_id", "docno", "corpus-id"))
    ]
    grades = column(source, "qrels", ("relevance", "score", "label"))
    for at, (query, item, grade) in enumerate(rows(*columns, grades)):
        add(found, f"qrels, row {at}", str(query), str(item), grade)
    return found


def add(qrels: Qrels, where: str, query: str, item: str, grade: Any) -> None:
    """Add one judgement.

    Args:
        qrels: to which it is added.
        where: it stands, for messages.
        query: its query.
        item: its item.
        grade: an integer or the text of one; 1.0 is one too.

    Raises:
        InputError: the grade is no integer, or the pair has another grade already.
    """
    try:
        # Python takes 1_0 for ten.
        value = math.nan if isinstance(grade, str) and "_" in grade else float(grade)
        whole = int(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{where}: expected an integer as the grade, got {short(grade)}") from None
    if whole != value or abs(whole) > 2**31:
        raise InputError(f"{where}: expected an integer as the grade, got {short(grade)}")
    before = qrels.setdefault(query, {}).setdefault(item, whole)
    if before != whole:
        raise InputError(
            f"{where}: expected one grade of {short(item)} for {short(query)}, "
            f"got {whole} after {before}"
        )


def checked_id(path: str | os.PathLike[str], text: str) -> str:
    """Return an id that can stand between tabs.

    Args:
        path: of the file, for messages.
        text: the id.

    Raises:
        InputError: it is empty, has white space at an end or a tab or line break in it.
    """
    if not text or text != text.strip() or any(c in text for c in "\t\r\n"):
        raise InputError(f"{path}: expected ids without tabs and line breaks, got {text!r}")
    return text
