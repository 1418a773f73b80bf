"""Formats of vectors, one module each."""
