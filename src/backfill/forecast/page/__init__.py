"""The page of a forecast: one HTML file that needs nothing else, no network, fonts or scripts."""

from backfill.forecast.page.writing import html, write

__all__ = ["html", "write"]
