"""Where work that falls into independent parts runs: in this process, or on a Ray cluster.

The engine never changes a number beyond the rounding of float32: the same parts are computed from
the same inputs, wherever that is.
"""

from backfill.compute.engine import LOCAL, Engine, Local, Place, start

__all__ = ["LOCAL", "Engine", "Local", "Place", "start"]
