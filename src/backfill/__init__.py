"""backfill: how to switch embedding models while the gallery is being re-embedded."""

import os
import sys

from backfill.errors import interrupts_in_one_line

# A program of this package, whose modules take seconds to import: `backfill`, or `python -m ...`.
if os.path.basename(next(iter(sys.argv), "")) in ("-m", "backfill"):
    interrupts_in_one_line()
