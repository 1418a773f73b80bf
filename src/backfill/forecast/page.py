from pathlib import Path
from backfill.forecast.outcome import Forecast


def write(forecast: Forecast, path: Path) -> Path:
    path.write_text("")
    return path
