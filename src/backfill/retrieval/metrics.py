"""What a backfill curve says about an upgrade: Gain, conditions, negative flips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from backfill import validate
from backfill.arrays import Bools, Float64s
from backfill.errors import InputError
from backfill.results import BackfillCurve

# A system's float32 similarities may differ in the last bit between products of different shapes.
# Neighbours that almost tie then swap ranks, which moves a mean quality by about 1e-7.
TOLERANCE = 1e-6


def gain(auc: float, auc_old: float, auc_new: float) -> float:
    """Compute the share of the step from the old to the new system that an area reaches.

    Args:
        auc: area under the curve of a method.
        auc_old: the same of the old system.
        auc_new: the same of the new system.

    Returns:
        0 if the method is as good as never upgrading, 1 if it is as good as a gallery that was
        backfilled from the start, and more if it is better. NaN if the two systems are equally
        good.

    Raises:
        InputError: an area is no finite number.

    Source:
        Rank merge (Seo et al., WACV 2025), Table 1.
    """
    for name, area in (("auc", auc), ("auc_old", auc_old), ("auc_new", auc_new)):
        validate.number(name, area)
    return float((auc - auc_old) / (auc_new - auc_old)) if auc_new != auc_old else float("nan")


@dataclass(frozen=True)
class Conditions:
    """Whether a curve meets the three conditions for an online backfill.

    Attributes:
        starts_at_old: before anything is backfilled, it is no worse than the old system (eq. 6).
        ends_at_new: once everything is backfilled, it is no worse than the new system (eq. 7).
        never_falls: no step of the backfill makes it worse (eq. 8).

    Source:
        Rank merge (Seo et al., WACV 2025), eq. 6 to 8.
    """

    starts_at_old: bool
    ends_at_new: bool
    never_falls: bool

    @classmethod
    def of(cls, quality: ArrayLike, old: float, new: float) -> Conditions:
        """Judge a curve, to within TOLERANCE.

        Args:
            quality: (T,) such as mAP, at fractions from 0 to 1.
            old: quality of the old system.
            new: quality of the new system.

        Returns:
            Which of the conditions hold.

        Raises:
            InputError: the quality is not finite or not 1-D, or a system's is no finite number.
        """
        values = _finite(quality)
        validate.number("old", old)
        validate.number("new", new)
        return cls(
            starts_at_old=bool(values[0] >= old - TOLERANCE),
            ends_at_new=bool(values[-1] >= new - TOLERANCE),
            never_falls=bool((np.diff(values) >= -TOLERANCE).all()),
        )


def worst_step(quality: ArrayLike) -> float:
    """Find the lowest change of a quality from one checkpoint to the next.

    Args:
        quality: (T,) such as mAP.

    Returns:
        The change, negative if the quality ever falls; 0 for a single checkpoint.

    Raises:
        InputError: the quality is not finite or not 1-D.
    """
    values = _finite(quality)
    return float(np.diff(values).min()) if len(values) > 1 else 0.0


def query_auc_map(curve: BackfillCurve) -> Float64s:
    """Area under each query's average precision, (Q,), NaN without positives; mean: AUC_mAP.

    Raises:
        InputError: it is no curve.
    """
    validate.instance("curve", curve, BackfillCurve)
    return np.asarray(np.trapezoid(curve.average_precision, curve.fraction, axis=1))


def query_auc_cmc(curve: BackfillCurve, k: int) -> Float64s:
    """Area under each query's hits in the top k, (Q,), NaN without positives; mean: AUC_CMC.

    Raises:
        InputError: the curve lacks `k`, or is none.
    """
    area = np.trapezoid(_hits("curve", curve, k).astype(np.float64), curve.fraction, axis=1)
    return np.where(curve.has_positives, area, np.nan)


def negative_flip_rate(old_curve: BackfillCurve, curve: BackfillCurve, k: int) -> Float64s:
    """Compute NFR@k: of the queries with a hit in the old system, the share that has lost it.

    Args:
        old_curve: whose first checkpoint is the old system.
        curve: of the same queries.
        k: a hit is a positive in the top k.

    Returns:
        (T,) the share at each fraction of `curve`; NaN if the old system has no hit at all.

    Raises:
        InputError: a curve lacks `k`, or the curves differ in the number of queries.

    Source:
        RACT (Zhang et al., Hot-Refresh Model Upgrades with Regression-Alleviating Compatible
        Training in Image Retrieval, ICLR 2022), eq. 12.
    """
    right = _hits("old_curve", old_curve, k)[:, 0]
    now = _hits("curve", curve, k)
    if len(right) != len(now):
        raise InputError(f"curve: expected {len(right)} queries as in old_curve, got {len(now)}")
    if not right.any():
        return np.full(now.shape[1], np.nan)
    return np.asarray((~now[right]).mean(axis=0))


def _hits(name: str, curve: BackfillCurve, k: int) -> Bools:
    validate.instance(name, curve, BackfillCurve)
    if validate.count("k", k) not in curve.hits:
        raise InputError(f"k: expected one of {name}'s {tuple(curve.hits)}, got {k}")
    return curve.hits[k]


def _finite(quality: ArrayLike) -> Float64s:
    """A quality as (T,) finite float64."""
    values = validate.reals("quality", quality, ndim=1)
    if values.size == 0 or not np.isfinite(values).all():
        found = "none" if values.size == 0 else values[np.argmin(np.isfinite(values))]
        raise InputError(f"quality: expected one finite value per checkpoint, got {found}")
    return values
