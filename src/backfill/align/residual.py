"""Ridge with a residual that is not linear, both solved at once."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import linalg

from backfill.align.folds import JUDGED, folds
from backfill.align.kernel import KernelMap, gaussian
from backfill.align.maps import Map, unit
from backfill.align.registry import METHODS
from backfill.align.ridge import choose_strength, mean_cosine, ridge
from backfill.arrays import Float32s, Float64s, Floats, Int64s

LANDMARKS = 2_000
SEARCHED = 1_200  # pairs at most that width and noise are chosen with, in each fold
WIDTHS = (0.4, 0.6, 0.85)  # of the kernel, in median distances between old embeddings
NOISES = (0.02, 0.06, 0.2, 0.6, 2.0)
SHARE = 3.0  # variance of the residual's prior, in that of the linear part's
JITTER = 1e-6  # keeps landmarks apart that are there twice
ROWS = 4_096  # whose features are in memory at a time


@METHODS.register("residual")
def residual(old: Float32s, new: Float32s, *, held_out: float, seed: int) -> Map:
    """Fit ridge and a kernel ridge regression of what it leaves, as one least-squares problem.

    With a linear kernel l, scaled so that l(x, x) is 1 in the mean, and a Gaussian kernel g, this
    is the regression on l + 3 g. One after the other does less: on pairs that ridge was fitted on
    it leaves less than on others. Of more than 2,000 pairs, as many are landmarks (Nystroem).
    The width of g and the noise are what brings held-out pairs nearest to each other. If that is
    no nearer than ridge brings them, the map is ridge's.

    Source:
        Williams & Seeger, Using the Nystroem Method to Speed Up Kernel Machines, NIPS 2000; a
        linear part beside a kernel: Rasmussen & Williams, Gaussian Processes for Machine Learning,
        2006, section 2.7.
    """
    strength = choose_strength(old, new, held_out=held_out, seed=seed, judged=JUDGED)
    scale, linear, bent = _median_distance(old, seed), 0.0, np.zeros((len(WIDTHS), len(NOISES)))
    splits = folds(len(old), held_out, seed, JUDGED)
    for judges, others in splits:
        used, asked, wanted = _drawn(others, SEARCHED, seed), old[judges], new[judges]
        linear += mean_cosine(ridge(old[used], new[used], strength), asked, wanted)
        for k, factor in enumerate(WIDTHS):
            prior = _Prior.of(old[used], scale * factor)
            made = prior.predicted(old[used], new[used], asked)
            bent[k] += [float((unit(rows) * wanted).sum(1).mean()) for rows in made]
    width, noise = (int(k) for k in np.argwhere(bent == bent.max())[0])

    def made_of(rows: Int64s) -> KernelMap:
        landmarks = old[_drawn(rows, LANDMARKS, seed)]
        prior = _Prior.of(old[rows], scale * WIDTHS[width])
        return _fitted(prior, old[rows], new[rows], landmarks, NOISES[noise])

    judges, others = splits[0]
    if len(others) > SEARCHED:  # with all of these, ridge may have caught up
        linear = mean_cosine(ridge(old[others], new[others], strength), old[judges], new[judges])
        bent = np.array(mean_cosine(made_of(others), old[judges], new[judges]))
    if bent.max() <= linear:
        return replace(ridge(old, new, strength), of_directions=True)
    return made_of(np.arange(len(old)))


def _drawn(rows: Int64s, count: int, seed: int) -> Int64s:
    """As many of the rows, or all if there are fewer; ascending."""
    return np.sort(np.random.default_rng(seed).permutation(rows)[:count])


def _median_distance(rows: Float32s, seed: int) -> float:
    some = rows[_drawn(np.arange(len(rows)), SEARCHED, seed)]
    cosine = (some @ some.T)[np.triu_indices(len(some), 1)]
    return max(float(np.sqrt(np.maximum(2 - 2 * np.median(cosine), 0))), 1e-3)


class _Prior(NamedTuple):
    """How alike two rows are before any pair is seen."""

    mean: Float64s
    scale: float
    width: float

    @classmethod
    def of(cls, x: Float32s, width: float) -> _Prior:
        spread = max(float(x.var(0, dtype=np.float64).sum()), np.finfo(np.float64).tiny)
        return cls(x.mean(0, dtype=np.float64), spread**-0.5, width)

    def centred(self, x: Floats) -> Float64s:
        """Rows whose products are the linear kernel."""
        rows: Float64s = self.scale * (x - self.mean)
        return rows

    def kernel(self, x: Float32s, z: Float32s) -> Float64s:
        """Both kernels, summed."""
        bent = gaussian(x.astype(np.float64), z.astype(np.float64), self.width)
        return self.centred(x) @ self.centred(z).T + SHARE * bent

    def predicted(self, x: Float32s, y: Float32s, asked: Float32s) -> list[Float64s]:
        """What pairs (x, y) say of other rows, for each noise."""
        among, across, onto = self.kernel(x, x), self.kernel(x, asked), y.mean(0, dtype=np.float64)
        found = []
        for noise in NOISES:
            noisy = among + noise * np.eye(len(x))
            found.append(onto + linalg.solve(noisy, across, assume_a="pos").T @ (y - onto))
        return found


def _fitted(
    prior: _Prior, x: Float32s, y: Float32s, landmarks: Float32s, noise: float
) -> KernelMap:
    """Solve the normal equations of both parts, whose features stand side by side."""
    z, onto, width = landmarks.astype(np.float64), y.mean(0, dtype=np.float64), x.shape[1]
    among = gaussian(z, z, prior.width)
    among[np.diag_indices_from(among)] += JITTER
    root = linalg.cholesky(among, lower=True)
    size = width + len(z)
    squares, shared = noise * np.eye(size), np.zeros((size, y.shape[1]))
    for start in range(0, len(x), ROWS):
        rows = x[start : start + ROWS].astype(np.float64)
        bent = linalg.solve_triangular(root, gaussian(z, rows, prior.width), lower=True).T
        features = np.hstack([prior.centred(rows), np.sqrt(SHARE) * bent])
        squares += features.T @ features
        shared += features.T @ (y[start : start + ROWS] - onto)
    solved = linalg.solve(squares, shared, assume_a="pos", overwrite_a=True)
    weight = prior.scale * solved[:width]
    coefficients = linalg.solve_triangular(root, solved[width:], lower=True, trans="T")
    return KernelMap(
        weight.astype(np.float32),
        (onto - prior.mean @ weight).astype(np.float32),
        landmarks,
        (np.sqrt(SHARE) * coefficients).astype(np.float32),
        prior.width,
    )
