"""Databases, one module or folder each; each registers itself by the name that `kind` gives it."""

from backfill.live.databases.registry import DATABASES, DatabaseSettings, database

__all__ = ["DATABASES", "DatabaseSettings", "database"]
