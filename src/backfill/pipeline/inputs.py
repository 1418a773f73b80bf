"""What a row reads."""

from __future__ import annotations

from backfill.params.rows.encoders import Encoder
from backfill.params.rows.methods import Method
from backfill.params.rows.orders import Order
from backfill.params.rows.transforms import Transform


def inputs_of(row: Encoder | Transform | Order | Method) -> list[str]:
    """The encoders and transforms whose embeddings a row reads, each once."""
    kinds = ("encoder", "trained", "classifier", "prediction", "set", "views")
    names = (ref.name.partition("/")[0] for ref in row.references() if ref.kind in kinds)
    return list(dict.fromkeys(names))
