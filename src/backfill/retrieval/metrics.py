"""What a backfill curve says about an upgrade: gain, conditions, negative flips."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backfill.errors import InputError
from backfill.results import BackfillCurve

Float64s = NDArray[np.float64]

# One system's float32 similarities may differ in the last bit between products of different
# shapes. Neighbours that all but tie then swap ranks, which moves a mean quality by about 1e-7.
TOLERANCE = 1e-6


def gain(auc: float, auc_old: float, auc_new: float) -> float:
    """Share of the step from the old to the new system that the area reaches (rank merge, Table 1).

    0 is as good as never upgrading, 1 as having backfilled all from the start, more is better than
    that. NaN where the old and the new system are equally good: there is no step to share.
    """
    return float((auc - auc_old) / (auc_new - auc_old)) if auc_new != auc_old else float("nan")


@dataclass(frozen=True)
class Conditions:
    """The three conditions that rank merge (eq. 6-8) sets for an online backfill."""

    starts_at_old: bool  # eq. 6: before anything is backfilled, no worse than the old system
    ends_at_new: bool  # eq. 7: once all is backfilled, no worse than the new system
    never_falls: bool  # eq. 8: no step of the backfill makes it worse

    @classmethod
    def of(cls, quality: ArrayLike, old: float, new: float) -> "Conditions":
        """Judge a quality (T,), such as mAP at fractions from 0 to 1, to within TOLERANCE."""
        values = _curve(quality)
        return cls(
            starts_at_old=bool(values[0] >= old - TOLERANCE),
            ends_at_new=bool(values[-1] >= new - TOLERANCE),
            never_falls=bool((np.diff(values) >= -TOLERANCE).all()),
        )


def worst_step(quality: ArrayLike) -> float:
    """Lowest change of a quality (T,) from one checkpoint to the next; negative if it ever falls.

    0 with a single checkpoint.
    """
    values = _curve(quality)
    return float(np.diff(values).min()) if len(values) > 1 else 0.0


def query_auc_map(curve: BackfillCurve) -> Float64s:
    """Area under each query's average precision, (Q,); their mean is AUC_mAP. NaN: no positives."""
    return np.asarray(np.trapezoid(curve.average_precision, curve.fraction, axis=1))


def query_auc_cmc(curve: BackfillCurve, k: int) -> Float64s:
    """Area under each query's hits in the top k, (Q,); their mean is AUC_CMC. NaN: no positives."""
    area = np.trapezoid(_hits("curve", curve, k).astype(np.float64), curve.fraction, axis=1)
    return np.where(curve.has_positives, area, np.nan)


def negative_flip_rate(old_curve: BackfillCurve, curve: BackfillCurve, k: int) -> Float64s:
    """NFR@k at each fraction, (T,) (RACT, eq. 12).

    Of the queries with a hit in the top k of the old system, which is column 0 of old_curve, the
    share that has none at t. NaN where the old system has no hit at all.

    Raises InputError if a curve lacks k, or if the curves differ in the number of queries.
    """
    right = _hits("old_curve", old_curve, k)[:, 0]
    now = _hits("curve", curve, k)
    if len(right) != len(now):
        raise InputError(f"curve: expected {len(right)} queries as in old_curve, got {len(now)}")
    if not right.any():
        return np.full(now.shape[1], np.nan)
    return np.asarray((~now[right]).mean(axis=0))


def _hits(name: str, curve: BackfillCurve, k: int) -> NDArray[np.bool_]:
    if k not in curve.hits:
        raise InputError(f"k: expected one of {name}'s {tuple(curve.hits)}, got {k}")
    return curve.hits[k]


def _curve(quality: ArrayLike) -> Float64s:
    values = np.asarray(quality, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise InputError(f"quality: expected finite values, one a checkpoint, got {values}")
    return values
