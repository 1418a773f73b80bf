"""The rows of studies, one type per kind: what a kind needs is a field of its type."""
