"""The backfill itself, on a live database: every search is answered by both models' vectors."""
