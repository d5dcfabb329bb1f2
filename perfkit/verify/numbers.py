"""How far two arrays lie apart: the numeric kernel of the comparison, a chunk at a time.

Nothing overflows or vanishes on the way: everything up to double precision is computed in double precision,
and magnitudes near its end are scaled by a power of two first.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Raw: TypeAlias = NDArray[Any]

CHUNK = 1 << 17
"""Elements that are compared at once: the working copies stay in the cache."""

_DOWN = 2.0**-4  # keeps sums of two magnitudes, and the modulus of a complex number, finite
_DEFAULT_RTOL = {
    "float16": 1e-3,
    "complex32": 1e-3,
    "bfloat16": 1.6e-2,
    "float32": 1.3e-6,
    "complex64": 1.3e-6,
}


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


@functools.cache
def default_rtol(dtype: str) -> float | None:
    """Return the tolerance of a leaf's dtype if it is a real or complex float; all else is exact."""
    if dtype in _DEFAULT_RTOL:
        return _DEFAULT_RTOL[dtype]
    try:
        native = np.dtype(dtype).newbyteorder("=")
    except TypeError:
        return None  # the eight-bit floats: their bits are compared
    return _DEFAULT_RTOL.get(native.name, 1e-9) if native.kind in "fc" else None


def widen(raw: Raw, dtype: str) -> Raw:
    """Return a chunk in a precision in which differences are exact enough: double, or long double."""
    if dtype == "bfloat16":
        raw = (raw.astype(np.uint32) << 16).view(np.float32)
    target = np.result_type(raw.dtype, np.complex128 if raw.dtype.kind == "c" else np.float64)
    wide: Raw = raw.astype(target)
    return wide


def float_gap(baseline: Raw, contender: Raw, dtype: str, rtol: float) -> Gap:
    """Compare floating-point arrays: ``|c - b| <= rtol * (|b| + rms(b))``, NaN and infinities by place.

    Parameters
    ----------
    baseline, contender
        Flat arrays of one length, as stored.
    dtype
        The true dtype, where they are stored as bits.
    rtol
        The tolerance.

    Returns
    -------
    Gap
        The root mean square is that of all finite values of `baseline`.
    """
    top, ratio = _magnitude(baseline, dtype)
    gap = Gap()
    for start in range(0, baseline.size, CHUNK):
        b = widen(baseline[start : start + CHUNK], dtype)
        c = widen(contender[start : start + CHUNK], dtype)
        rel, apart = _relative(b, c, top, ratio)
        gap.differing += int(np.count_nonzero(rel > rtol))
        gap.abs = max(gap.abs, float(apart.max()))
        worst = int(rel.argmax())
        if rel[worst] > gap.rel:
            gap.rel, gap.at = float(rel[worst]), start + worst
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


def _relative(b: Raw, c: Raw, top: Any, ratio: Any) -> tuple[Raw, Raw]:
    """Return ``|c - b| / (|b| + rms)`` and ``|c - b|``, where ``rms = top * ratio``."""
    both = np.isfinite(b) & np.isfinite(c)
    same = _same_place(b, c)
    b, c = np.where(both, b, 0), np.where(both, c, 0)
    largest = max(float(abs(_parts(b)).max()), float(abs(_parts(c)).max()), float(top))
    scale = _DOWN if largest > np.finfo(b.dtype).max * _DOWN else 1.0
    with np.errstate(all="ignore"):
        apart = abs(c * scale - b * scale)
        rel = np.where(apart > 0, apart / (abs(b * scale) + (top * scale) * ratio), 0.0)
        apart /= scale
    rel[~both] = np.where(same[~both], 0.0, math.inf)
    return rel, apart


def _same_place(b: Raw, c: Raw) -> Raw:
    """Tell where both are NaN or both the same number, part by part for complex numbers."""
    left, right = _parts(b), _parts(c)
    same: Raw = (left == right) | (np.isnan(left) & np.isnan(right))
    return same if b.dtype.kind != "c" else np.all(same.reshape(-1, 2), axis=1)


def _magnitude(values: Raw, dtype: str) -> tuple[Any, Any]:
    """Return the largest finite magnitude and the root mean square divided by it: their product is safe."""
    top: Any = 0.0
    for start in range(0, values.size, CHUNK):
        parts = _parts(_finite(widen(values[start : start + CHUNK], dtype)))
        top = max(top, abs(parts).max()) if parts.size else top
    if top == 0:
        return 0.0, 0.0
    total: Any = 0.0
    count = 0
    for start in range(0, values.size, CHUNK):
        finite = _finite(widen(values[start : start + CHUNK], dtype))
        with np.errstate(under="ignore"):
            total += np.sum(np.square(_parts(finite) / top))
        count += finite.size
    return top, np.sqrt(total / count)


def _finite(values: Raw) -> Raw:
    return values[np.isfinite(values)]


def _parts(values: Raw) -> Raw:
    """Return real numbers: the real and imaginary parts, interleaved, of complex ones."""
    return values.view(values.real.dtype) if values.dtype.kind == "c" else values


def _comparable(chunk: Raw) -> Raw:
    """Return what ``!=`` compares by bits: NaT differs from itself, and raw bytes have no order."""
    if chunk.dtype.kind in "mM":
        return chunk.view(np.int64)
    if chunk.dtype.kind == "V":
        return chunk.view(np.uint8).reshape(chunk.size, -1)
    return chunk
