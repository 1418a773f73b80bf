"""Where independent work runs: in this process, or on a Ray cluster.

An engine never changes a number beyond the rounding of float32: the same work is computed from the
same inputs, wherever it runs.
"""

from backfill.compute.engine import Engine, Peer
from backfill.compute.local import LOCAL, Local
from backfill.compute.startup import start

__all__ = ["LOCAL", "Engine", "Local", "Peer", "start"]
