"""Backfill orders: which gallery items are re-embedded first.

An order is a permutation of the gallery's rows; its first item is backfilled first. Each kind of
order is one module here, registered under the `kind` of its rows in
:data:`backfill.orders.registry.ORDERS`.
"""

from backfill.orders.registry import OrderInputs, Permutation, make

__all__ = ["OrderInputs", "Permutation", "make"]
