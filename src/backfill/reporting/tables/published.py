"""The numbers that the rank merge paper prints, to stand beside ours."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One method on one dataset, as fractions: 0.414 is printed there as 41.4, 0.78 as 78%."""

    auc_map: float
    auc_cmc_1: float
    gain: float


CITATION = (
    "Table 1 of Seo et al., "
    "Metric Compatible Training for Online Backfilling in Large-Scale Retrieval"
)

# Our name -> the name in the paper. BCT and FCT are backfill-free there, hence no *_hot row.
NAMES = {
    "old": "Old",
    "new": "New",
    "rm_naive": "RM_naive",
    "bct": "BCT",
    "fct": "FCT",
    "bict": "BiCT",
    "rm": "RM",
}

_SOURCE = """
            imagenet         cifar100        places365       market1501
Old         31.2 49.7   0    21.6 34.3   0   16.5 30.7   0   62.7 82.7   0
New         51.3 70.3 100    47.4 62.6 100   23.4 39.1 100   77.3 90.9 100
RM_naive    40.0 63.9  44    30.8 49.1  36   19.5 35.8  43   69.2 87.0  45
BCT         32.0 46.3   4    26.4 43.5  19   17.5 37.0  14   66.6 84.3  27
FCT         36.9 58.7  28    27.1 49.4  21   22.5 37.3  87   66.4 84.2  25
BiCT        35.1 59.7  19    29.0 48.3  29   19.0 34.9  36   65.0 82.4  16
RM          53.4 68.1 110    41.4 60.7  78   28.2 41.7 170   70.7 87.6  55
"""


def _parse(source: str) -> dict[str, dict[str, Row]]:
    header, *lines = source.strip().splitlines()
    tables: dict[str, dict[str, Row]] = {dataset: {} for dataset in header.split()}
    for line in lines:
        name, *cells = line.split()
        # Dividing what is printed, rather than typing fractions, keeps the digits comparable.
        values = [float(cell) / 100 for cell in cells]
        for column, table in enumerate(tables.values()):
            table[name] = Row(*values[3 * column : 3 * column + 3])
    return tables


# Dataset -> the paper's name of the method -> its row of Table 1 (homogeneous model upgrades).
TABLE_1 = _parse(_SOURCE)


def published_row(dataset: str, method: str) -> Row | None:
    """The paper's row for our `method` on `dataset`, or None if it has none.

    Source: the rank merge paper, as in CITATION, columns AUC_mAP, AUC_CMC and Gain.
    """
    return TABLE_1.get(dataset, {}).get(NAMES.get(method, ""))
