"""Formats of ids, labels, texts and the like, one module each."""
