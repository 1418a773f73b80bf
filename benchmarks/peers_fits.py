"""Fits of other tools, run by peers.py in an environment that has them: isotrieve, rebasis.

    python benchmarks/peers_fits.py ARRAYS FITTED

ARRAYS is an .npz with known pairs, queries and the old gallery; FITTED gets what the tools made of
them, and the seconds of each fit. A tool that is not installed, or refuses, is left out.
"""

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

K = 10
warnings.simplefilter("ignore")


def main(arrays: str, fitted: str) -> None:
    """Fit all that is there."""
    with np.load(arrays) as stored:
        given = dict(stored)
    found: dict[str, Any] = {}
    for tool in (isotrieve_ridge, isotrieve_procrustes, rebasis):
        try:
            for name, value in tool(given).items():
                found[f"{tool.__name__}/{name}"] = value
        except (ImportError, ValueError, RuntimeError) as error:
            print(f"{tool.__name__}: {error}")
    np.savez(fitted, **found)


def timed(fit: Callable[[], Any]) -> tuple[Any, float]:
    """What a fit gives, and the seconds that the fastest of two takes."""
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        result = fit()
        seconds.append(time.perf_counter() - begin)
    return result, min(seconds)


def isotrieve_ridge(given: dict[str, Any]) -> dict[str, Any]:
    """Its default map of old vectors."""
    from isotrieve import RidgeMapping  # type: ignore[import-not-found]

    mapping, seconds = timed(lambda: RidgeMapping().fit(given["pairs_old"], given["pairs_new"]))
    return {"gallery": mapping.transform(given["gallery"]).astype(np.float32), "seconds": seconds}


def isotrieve_procrustes(given: dict[str, Any]) -> dict[str, Any]:
    """Its rotation of old vectors."""
    from isotrieve import OrthogonalProcrustesMapping

    mapping, seconds = timed(
        lambda: OrthogonalProcrustesMapping().fit(given["pairs_old"], given["pairs_new"])
    )
    return {"gallery": mapping.transform(given["gallery"]).astype(np.float32), "seconds": seconds}


def rebasis(given: dict[str, Any]) -> dict[str, Any]:
    """Its default bridge of new queries, and scores calibrated on nearest known items."""
    from rebasis.core.calibration import ScoreCalibrator  # type: ignore[import-not-found]
    from rebasis.core.procrustes import CenteredProcrustesAdapter  # type: ignore[import-not-found]

    adapter, seconds = timed(
        lambda: CenteredProcrustesAdapter.fit(given["pairs_new"], given["pairs_old"])
    )
    query = np.asarray(adapter.apply(given["queries_new"]), np.float32)
    query /= np.linalg.norm(query, axis=1, keepdims=True)
    bridged, aimed = (
        -np.sort(-(one @ other.T), axis=1)[:, :K]
        for one, other in (
            (query, given["pairs_old"]),
            (given["queries_new"], given["pairs_new"]),
        )
    )
    calibrator = ScoreCalibrator.fit(bridged, aimed)
    scores = query @ given["gallery"].T
    return {"query": query, "calibrated": calibrator.transform(scores), "seconds": seconds}


if __name__ == "__main__":
    main(*sys.argv[1:])
