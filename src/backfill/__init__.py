"""backfill: how to switch embedding models while the gallery is being re-embedded."""
