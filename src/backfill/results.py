"""What the evaluation of one method leaves behind, in memory and on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backfill import validate
from backfill.arrays import Array, Bools, Float64s, Int64s
from backfill.artifacts import replacing
from backfill.errors import InputError
from backfill.reading.files import short
from backfill.reading.npy import Form, member, read_archive

CURVES, DISTANCES = "curves.npz", "distances.npz"
SIDES = ("before", "after")


@dataclass(frozen=True, eq=False)
class BackfillCurve:
    """Quality of Q queries at T backfill fractions, as shares in [0, 1].

    Means are over the queries that have a positive at every fraction, so that all points of a curve
    are about the same queries. Unless items arrive during the backfill, these are all the queries
    that have a positive. Areas are trapezoids over the given fractions. From 0 to 1 they are
    AUC_mAP and AUC_CMC.

    Attributes:
        fraction: (T,) backfill fractions.
        average_precision: (Q, T), NaN where no positive of the query is in the gallery.
        hits: k -> (Q, T), whether a positive is among the k nearest items.
        recall: (T,) share of the exact nearest items that an approximate search found; None for an
            exact search.
        trapezoidal: (Q, T) average precision of the whole ranking by trapezoids; None if the
            benchmark has no such protocol.

    Raises:
        InputError: the arrays do not fit together.

    Source:
        Rank merge (Seo et al., Metric Compatible Training for Online Backfilling in Large-Scale
        Retrieval, WACV 2025), section 2.2.
    """

    fraction: Float64s
    average_precision: Float64s
    hits: Mapping[int, Bools]
    recall: Float64s | None = None
    trapezoidal: Float64s | None = None

    def __post_init__(self) -> None:
        fraction = validate.fractions("fraction", self.fraction)
        precision = validate.reals("average_precision", self.average_precision, ndim=2)
        shape = (len(precision), len(fraction))
        if not isinstance(self.hits, Mapping):
            raise InputError(f"hits: expected k -> (Q, T), got {validate.shown(self.hits)}")
        others = {
            "average_precision": precision,
            **{f"hits[{validate.count('k of hits', k)}]": hits for k, hits in self.hits.items()},
            "trapezoidal": self.trapezoidal,
        }
        for name, values in others.items():
            if values is not None and validate.array(name, values).shape != shape:
                raise InputError(
                    f"{name}: expected shape {shape}, got {validate.array(name, values).shape}"
                )
        if self.recall is not None and validate.array("recall", self.recall).shape != shape[1:]:
            raise InputError(f"recall: expected shape {shape[1:]}, got {np.shape(self.recall)}")

    @classmethod
    def of_ranks(
        cls,
        fraction: Float64s,
        average_precision: Float64s,
        best_rank: NDArray[np.integer[Any]],
        top_k: Sequence[int],
        where: str = "",
    ) -> BackfillCurve:
        """Make a curve from the rank of the nearest positive.

        Args:
            fraction: (T,) backfill fractions.
            average_precision: (Q, T), NaN where no positive is in the gallery.
            best_rank: (Q, T) rank of the nearest positive, 0 for a query that has none.
            top_k: the k for which hits are wanted.
            where: for the message: in which gallery positives were looked for.

        Returns:
            The curve.

        Raises:
            InputError: no query has a positive at the first fraction.
        """
        if np.isnan(average_precision[:, 0]).all():
            raise InputError(
                f"relevance: expected a query with a positive that is not ignored, got none{where}"
            )
        hits = {k: (best_rank > 0) & (best_rank <= k) for k in top_k}
        return cls(fraction, average_precision, hits)

    @cached_property
    def has_positives(self) -> Bools:
        """(Q,) whether the query has a positive at every fraction."""
        # No item leaves the gallery: a positive at the first fraction is one at all of them.
        return ~np.isnan(self.average_precision[:, 0])

    @cached_property
    def mean_average_precision(self) -> Float64s:
        """(T,) mAP at each fraction."""
        return _mean(self.average_precision[self.has_positives])

    @cached_property
    def mean_trapezoidal(self) -> Float64s | None:
        """(T,) mean of the trapezoidal average precision at each fraction, if there is any."""
        found = self.trapezoidal
        return None if found is None else _mean(found[self.has_positives])

    @cached_property
    def cmc(self) -> dict[int, Float64s]:
        """CMC@k at each fraction, (T,), by k: the share of queries with a hit in the top k."""
        return {k: _mean(hits[self.has_positives]) for k, hits in self.hits.items()}

    @cached_property
    def auc_map(self) -> float:
        """Area under mAP over the fraction."""
        return float(np.trapezoid(self.mean_average_precision, self.fraction))

    @cached_property
    def auc_cmc(self) -> dict[int, float]:
        """Area under CMC@k over the fraction, by k."""
        return {k: float(np.trapezoid(cmc, self.fraction)) for k, cmc in self.cmc.items()}


def _mean(values: Array) -> Float64s:
    """Mean over the queries as float64, (T,)."""
    return np.asarray(values.mean(axis=0, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often a retrieval system gives a positive, or a negative, pair which distance.

    Attributes:
        edges: (B + 1,) rising bin edges, squared Euclidean distance of unit vectors, from 0 to 4.
        positive: (B,) number of positive query-gallery pairs per bin.
        negative: (B,) number of negative pairs per bin.
    """

    edges: Float64s
    positive: Int64s
    negative: Int64s


@dataclass(frozen=True, eq=False)
class MethodResult:
    """One method: its backfill curve in every run, and the distances in its two systems.

    A run is one seed of the transforms and orders, on one draw of the encoders.

    Attributes:
        name: of the method.
        curves: one per run, all with the same fractions, queries and k.
        distances: one histogram for each of the systems `before` and `after`.
        draw: the draw of the encoders that each run belongs to, in ascending order, and as many
            runs for each; the first alone by default.
    """

    name: str
    curves: tuple[BackfillCurve, ...]
    distances: Mapping[str, Histogram]
    draw: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.draw:
            object.__setattr__(self, "draw", (0,) * len(self.curves))

    @classmethod
    def of_draws(cls, results: Sequence[MethodResult]) -> MethodResult:
        """Put the results on several draws of the encoders together.

        Args:
            results: of one method, one per draw, in order. The distances are those of the first.

        Raises:
            InputError: these are none.
        """
        if not len(validate.sequence("results", results)):
            raise InputError("results: expected one per draw, got none")
        for result in results:
            validate.instance("results", result, MethodResult)
        curves = [curve for result in results for curve in result.curves]
        draw = [draw for draw, result in enumerate(results) for _ in result.curves]
        return cls(results[0].name, tuple(curves), results[0].distances, tuple(draw))

    @property
    def draws(self) -> int:
        """How many draws of the encoders there are."""
        return len(set(self.draw))

    def first(self, draws: int) -> MethodResult:
        """The runs on the first so many draws.

        Raises:
            InputError: the number of draws is no integer of at least 1.
        """
        validate.count("draws", draws)
        kept = [(curve, draw) for curve, draw in zip(self.curves, self.draw, strict=True)
                if draw < draws]  # fmt: skip
        curves, numbers = zip(*kept, strict=True)
        return replace(self, curves=tuple(curves), draw=tuple(numbers))

    def beside(self, other: MethodResult) -> Iterator[tuple[BackfillCurve, BackfillCurve]]:
        """Each of another method's curves with the one of this method from the same draw.

        If this method has fewer runs in a draw, because it trains nothing, they are used in turn.
        """
        for draw in sorted(set(other.draw)):
            mine, theirs = (
                [c for c, of in zip(r.curves, r.draw, strict=True) if of == draw]
                for r in (self, other)
            )
            for run, curve in enumerate(theirs):
                yield mine[run % len(mine)], curve

    @property
    def recall(self) -> Float64s | None:
        """(T,) share of the nearest items that an approximate search finds, mean over seeds."""
        recalls = [curve.recall for curve in self.curves if curve.recall is not None]
        return np.asarray(np.mean(recalls, axis=0)) if recalls else None

    def save(self, folder: Path) -> None:
        """Write curves.npz and distances.npz to `folder`; equal results give equal bytes.

        With S seeds, Q queries, T fractions and B bins, curves.npz holds: name; fraction (T,);
        average_precision (S, Q, T) float32, NaN for a query without positives; hits_<k> (S, Q, T)
        bool; recall (S, T) if the search was approximate; trapezoidal (S, Q, T) float32 if the
        benchmark's average precision is interpolated. Single precision halves the largest array
        and is far finer than the noise between queries. For either side, before and after,
        distances.npz holds: <side>_edges (B + 1,), <side>_positive (B,), <side>_negative (B,).
        """
        curves: dict[str, Array] = {
            "name": np.array(self.name),
            "fraction": self.curves[0].fraction,
            "average_precision": np.stack(
                [curve.average_precision for curve in self.curves], dtype=np.float32
            ),
        }
        for k in self.curves[0].hits:
            curves[f"hits_{k}"] = np.stack([curve.hits[k] for curve in self.curves])
        recalls = [curve.recall for curve in self.curves if curve.recall is not None]
        if recalls:
            curves["recall"] = np.stack(recalls)
        official = [c.trapezoidal for c in self.curves if c.trapezoidal is not None]
        if official:
            curves["trapezoidal"] = np.stack(official, dtype=np.float32)
        distances = {
            f"{side}_{key}": value
            for side in SIDES
            for key, value in vars(self.distances[side]).items()
        }
        for name, arrays in ((CURVES, curves), (DISTANCES, distances)):
            with replacing(folder / name) as temporary:
                # NumPy stamps each member 1980-01-01, so the bytes depend on the arrays alone.
                np.savez(temporary, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, folder: Path) -> MethodResult:
        """Read what `save` wrote.

        Raises:
            InputError: a file is missing or damaged, or holds something else; names the file and
                the array.
        """
        path = folder / CURVES
        stored = _read(path, "the curves of a method")
        fraction = member(path, stored, "fraction", _FRACTION)
        found = member(path, stored, "average_precision", _PRECISION)
        shape = found.shape
        if shape[2:] != fraction.shape:
            raise InputError(
                f"{path}: average_precision: expected {len(fraction)} fractions, got shape {shape}"
            )
        arrays = {
            name: _of_shape(path, stored, name, form, shape if form.ndim == (3,) else shape[::2])
            for name, form in _others(path, stored)
        }
        _require_shares(path, {"average_precision": found, **arrays})
        try:
            curves = tuple(
                BackfillCurve(
                    fraction=fraction,
                    average_precision=found[seed].astype(np.float64),
                    hits={
                        int(name.removeprefix(_HITS)): of_seeds[seed]
                        for name, of_seeds in arrays.items()
                        if name.startswith(_HITS)
                    },
                    recall=arrays["recall"][seed] if "recall" in arrays else None,
                    trapezoidal=(
                        arrays["trapezoidal"][seed].astype(np.float64)
                        if "trapezoidal" in arrays
                        else None
                    ),
                )
                for seed in range(shape[0])
            )
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        return cls(str(member(path, stored, "name", _NAME)), curves, _histograms(folder))


_HITS = "hits_"
_ROUNDING = 1e-6  # by which a sum of shares may miss 0 or 1
_NAME = Form(np.str_, (0,), "the name of the method")
_FRACTION = Form(np.float64, (1,), "backfill fractions (T,)")
_PRECISION = Form(np.float32, (3,), "average precision (S, Q, T)")
_FOUND = Form(np.bool_, (3,), "hits (S, Q, T)")
_RECALL = Form(np.float64, (2,), "recall (S, T)")
_EDGES = Form(np.float64, (1,), "edges of bins (B + 1,)")
_COUNTS = Form(np.int64, (1,), "pairs per bin (B,)")


def _read(path: Path, what: str) -> dict[str, Array]:
    if not os.path.exists(path):
        raise InputError(f"{path}: expected a file, got none; `dvc repro` makes it")
    return read_archive(path, what)


def _others(path: Path, stored: Mapping[str, Array]) -> Iterator[tuple[str, Form]]:
    """The arrays beside the average precision that a file of curves has."""
    for name in stored:
        if re.fullmatch(rf"{_HITS}[1-9]\d{{0,17}}", name, re.ASCII):
            yield name, _FOUND
        elif name in ("recall", "trapezoidal"):
            yield name, _RECALL if name == "recall" else _PRECISION
        elif name not in ("name", "fraction", "average_precision"):
            raise InputError(f"{path}: expected the curves of a method, got {short(name)} too")


def _of_shape(
    path: Path, stored: Mapping[str, Array], name: str, form: Form, shape: tuple[int, ...]
) -> Array:
    array = member(path, stored, name, form)
    if array.shape != shape:
        raise InputError(f"{path}: {name}: expected shape {shape}, got {array.shape}")
    return array


def _require_shares(path: Path, arrays: Mapping[str, Array]) -> None:
    """Require shares, and of queries NaN only until the first of their positives comes."""
    for name, array in arrays.items():
        if array.dtype == np.bool_:
            continue
        missing = np.isnan(array)
        wrong = ~(missing | ((array >= -_ROUNDING) & (array <= 1 + _ROUNDING)))
        if wrong.any():
            at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            where = ", ".join(map(str, at))
            raise InputError(
                f"{path}: {name}: expected shares in [0, 1], got {array[at]} at [{where}]"
            )
        if name == "recall":
            continue
        if (missing[..., 1:] & ~missing[..., :-1]).any():
            raise InputError(f"{path}: {name}: expected no NaN after a number, got one")
        if missing[..., 0].all(axis=1).any():
            raise InputError(f"{path}: {name}: expected a query with positives, got none")


def _histograms(folder: Path) -> dict[str, Histogram]:
    path = folder / DISTANCES
    stored = _read(path, "histograms of both systems")
    histograms = {}
    for side in SIDES:
        edges = member(path, stored, f"{side}_edges", _EDGES)
        bins = (len(edges) - 1,)
        positive, negative = (
            _of_shape(path, stored, f"{side}_{key}", _COUNTS, bins)
            for key in ("positive", "negative")
        )
        if not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
            raise InputError(f"{path}: {side}_edges: expected rising numbers, got others")
        if min(positive.min(), negative.min()) < 0:
            raise InputError(f"{path}: {side}: expected counts of pairs, got one below 0")
        histograms[side] = Histogram(edges, positive, negative)
    return histograms
