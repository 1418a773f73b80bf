"""A method of serving, fitted on items that both models have embedded."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from backfill.align import Mix, fit
from backfill.errors import InputError
from backfill.forecast.ask import NOTHING
from backfill.forecast.curves import BACKGROUND
from backfill.forecast.methods import METHODS
from backfill.forecast.problem import Problem, problem_of
from backfill.forecast.settings import Settings
from backfill.forecast.systems import Fitted, fit_systems
from backfill.live.serving import Serving
from backfill.vectors import Upgrade


class _Parts(NamedTuple):
    problem: Problem
    fitted: Fitted


def _by_old(method: str, parts: _Parts) -> Serving:
    return Serving(method, waiting=parts.problem.known_old)


def _by_map(method: str, parts: _Parts) -> Serving:
    return Serving(method, map=parts.fitted.maps[method], waiting=parts.fitted.mapped[method])


def _by_mix(method: str, parts: _Parts) -> Serving:
    systems = parts.fitted.systems
    mix = Mix(systems.mix)
    waiting = mix.join(parts.problem.known_old, parts.fitted.mapped[systems.best])
    return Serving(method, map=parts.fitted.maps[systems.best], mix=mix, waiting=waiting)


def _by_slerp(method: str, parts: _Parts) -> Serving:
    problem = parts.problem
    source = (problem.known_old, problem.known_new) if problem.foreign is None else problem.foreign
    return Serving(method, back=fit(source[1], source[0], "ridge"), waiting=problem.known_old)


WAYS: dict[str, Callable[[str, _Parts], Serving]] = {
    "old_query": _by_old,
    "old_query_calibrated": _by_old,
    "procrustes": _by_map,
    "ridge": _by_map,
    "residual": _by_map,
    "mix": _by_mix,
    "slerp": _by_slerp,
}


def fit_serving(method: str, upgrade: Upgrade, settings: Settings | None = None) -> Serving:
    """Fit a method on the known items of a forecast's folder, as the forecast did.

    Args:
        method: of :data:`backfill.forecast.methods.METHODS`.
        upgrade: what is in the folder.
        settings: the forecast's.

    Raises:
        InputError: there is no such method, or too few items are known.
    """
    if method not in WAYS:
        raise InputError(f"method: expected {', '.join(METHODS)}, got {method!r}")
    settings = settings or Settings()
    problem = problem_of(upgrade, NOTHING.rows, settings)
    fitted = fit_systems(
        problem.known_old,
        problem.known_new,
        problem.queries_old,
        problem.queries_new,
        foreign=problem.foreign,
        maps=settings.maps,
        with_back=False,
        seed=settings.seed,
    )
    made = WAYS[method](method, _Parts(problem, fitted))
    assert made.waiting is not None
    drawn = np.random.default_rng([settings.seed, 8]).permutation(len(problem.known_old))
    background = np.sort(drawn[:BACKGROUND])
    return Serving(
        made.method,
        made.map,
        made.mix,
        made.back,
        np.ascontiguousarray(made.waiting[background]),
        np.ascontiguousarray(problem.known_new[background]),
    )
