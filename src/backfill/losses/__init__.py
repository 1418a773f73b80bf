"""Losses: one function per published loss, named as in its paper.

Losses of transforms register themselves in :mod:`backfill.losses.registry`; losses of encoders are
used by :mod:`backfill.encoders.objectives`.
"""
