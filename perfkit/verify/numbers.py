"""How far two arrays lie apart: the numeric kernel of the comparison, a chunk at a time.

Nothing overflows or vanishes on the way: everything up to double precision is computed in double precision,
and magnitudes near its end are scaled by a power of two first. Chunks of finite numbers of moderate
magnitude, which are nearly all, need none of that care and take a quicker path to the same figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perfkit.verify.dtypes import parts, widen

Raw: TypeAlias = NDArray[Any]

CHUNK = 1 << 16
"""Elements that are compared at once: the working copies stay in the cache."""

_DOWN = 2.0**-4  # keeps sums of two magnitudes, and the modulus of a complex number, finite
_FAR = 2.0**20  # from the ends of a precision's range, and no step on the way comes near them
_DOUBTFUL = 1e-5  # relative; so close to a tolerance single precision does not decide


@dataclass(slots=True)
class Gap:
    """How two flat arrays of one length differ.

    Attributes
    ----------
    differing
        How many elements do not pass.
    rel, abs
        The largest ``|c - b| / (|b| + rms(b))`` and ``|c - b|``. Infinite is `rel` where a NaN or an infinity
        has no partner, or the baseline is all zero. Exact values have neither: both stay 0.
    at
        Flat index of the largest `rel`, or of the first exact value that differs; -1 if there is none.
    """

    differing: int = 0
    rel: float = 0.0
    abs: float = 0.0
    at: int = -1


def float_gap(
    baseline: Raw, contender: Raw, dtypes: tuple[str, str], rtol: float, rms: tuple[Any, Any]
) -> Gap:
    """Compare floating-point arrays: ``|c - b| <= rtol * (|b| + rms(b))``, NaN and infinities by place.

    Parameters
    ----------
    baseline, contender
        Flat arrays of one length, as stored.
    dtypes
        The true dtypes, where they are stored as bits.
    rtol
        The tolerance.
    rms
        Two numbers whose product is the root mean square of all finite values of the baseline, of which
        `baseline` may be a sample.

    Returns
    -------
    Gap
        Of the elements given.
    """
    gap = Gap()
    single, double = _Quick.made(rms, np.float32), _Quick.made(rms, np.float64)
    for start in range(0, baseline.size, CHUNK):
        b, c = baseline[start : start + CHUNK], contender[start : start + CHUNK]
        if single is not None and single.add(gap, b, c, rtol, start):
            continue
        b, c = widen(b, dtypes[0]), widen(c, dtypes[1])
        if double is None or not double.add(gap, b, c, rtol, start):
            rel, apart = _relative(b, c, *rms)
            _add(gap, rel, float(apart.max()), rtol, start)
    return gap


def exact_gap(baseline: Raw, contender: Raw) -> Gap:
    """Compare flat arrays of integers, booleans, texts, times or bytes, element by element."""
    gap = Gap()
    for start in range(0, baseline.size, CHUNK):
        b, c = baseline[start : start + CHUNK], contender[start : start + CHUNK]
        unequal = _comparable(b) != _comparable(c)
        if unequal.ndim > 1:
            unequal = unequal.any(axis=1)
        count = int(np.count_nonzero(unequal))
        if count and gap.at < 0:
            gap.at = start + int(unequal.argmax())
        gap.differing += count
    return gap


def _add(gap: Gap, rel: Raw, apart: float, rtol: float, start: int) -> None:
    """Add a chunk's relative differences and its largest absolute one."""
    gap.abs = max(gap.abs, apart)
    worst = int(rel.argmax())
    if rel[worst] > rtol:
        gap.differing += int(np.count_nonzero(rel > rtol))
    if rel[worst] > gap.rel:
        gap.rel, gap.at = float(rel[worst]), start + worst


@dataclass(slots=True)
class _Quick:
    """The path of finite real numbers of one precision: few passes, all into two buffers."""

    rms: float
    apart: Raw
    bound: Raw

    @classmethod
    def made(cls, rms: tuple[Any, Any], dtype: type[np.floating[Any]]) -> _Quick | None:
        """Return the path if a root mean square allows it."""
        info = np.finfo(dtype)
        low, high = float(info.tiny) * _FAR, float(info.max) / _FAR
        value = float(rms[0]) * float(rms[1])
        if not all(low < one < high for one in (*rms, value)):
            return None
        return cls(value, np.empty(CHUNK, dtype), np.empty(CHUNK, dtype))

    def add(self, gap: Gap, b: Raw, c: Raw, rtol: float, start: int) -> bool:
        """Add a chunk to the gap; return False, having added nothing, if this path cannot decide on it."""
        apart, bound = self.apart[: b.size], self.bound[: b.size]
        if not b.dtype == c.dtype == apart.dtype:
            return False
        with np.errstate(all="ignore"):
            np.subtract(c, b, out=apart)
            np.absolute(apart, out=apart)
            largest = float(apart.max())
            if largest == 0:
                return True
            if not largest < np.finfo(apart.dtype).max / _FAR:
                return (
                    False  # what is not finite on either side shows here: its difference is NaN or infinite
                )
            np.absolute(b, out=bound)
            np.add(bound, bound.dtype.type(self.rms), out=bound)
            np.divide(apart, bound, out=apart)
        if apart.dtype == np.float64:
            _add(gap, apart, largest, rtol, start)
            return True
        # Single precision finds the worst element, to seven digits; its figures are computed in double.
        at = int(apart.argmax())
        apart_at = abs(float(c[at]) - float(b[at]))
        rel = apart_at / (abs(float(b[at])) + self.rms)
        if not rel < rtol * (1 - _DOUBTFUL):
            return False
        gap.abs = max(gap.abs, largest)
        if rel > gap.rel:
            gap.rel, gap.at = rel, start + at
        return True


def _relative(b: Raw, c: Raw, top: Any, ratio: Any) -> tuple[Raw, Raw]:
    """Return ``|c - b| / (|b| + rms)`` and ``|c - b|``, where ``rms = top * ratio``."""
    both = np.isfinite(b) & np.isfinite(c)
    same = _same_place(b, c)
    b, c = np.where(both, b, 0), np.where(both, c, 0)
    largest = max(float(abs(parts(b)).max()), float(abs(parts(c)).max()), float(top))
    scale = _DOWN if largest > np.finfo(b.dtype).max * _DOWN else 1.0
    with np.errstate(all="ignore"):
        apart = abs(c * scale - b * scale)
        rel = np.where(apart > 0, apart / (abs(b * scale) + (top * scale) * ratio), 0.0)
        apart /= scale
    rel[~both] = np.where(same[~both], 0.0, math.inf)
    return rel, apart


def _same_place(b: Raw, c: Raw) -> Raw:
    """Tell where both are NaN or both the same number, part by part for complex numbers."""
    left, right = parts(b), parts(c)
    same: Raw = (left == right) | (np.isnan(left) & np.isnan(right))
    return same if b.dtype.kind != "c" else np.all(same.reshape(-1, 2), axis=1)


def _comparable(chunk: Raw) -> Raw:
    """Return what ``!=`` compares by bits: NaT differs from itself, and raw bytes have no order."""
    if chunk.dtype.kind in "mM":
        return chunk.view(np.int64)
    if chunk.dtype.kind == "V":
        return chunk.view(np.uint8).reshape(chunk.size, -1)
    return chunk
