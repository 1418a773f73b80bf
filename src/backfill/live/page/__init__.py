"""The page of a migration: one HTML file that needs nothing else."""

from backfill.live.page.writing import write

__all__ = ["write"]
