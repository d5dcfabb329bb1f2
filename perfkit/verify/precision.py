"""Tell whether a contender's output looks as if it had been computed in a lower precision than its dtype.

Rounding leaves two traces. A value that was stored in a narrow type and widened again has zeros at the end of
its significand; and a computation in a narrow type agrees with the baseline in about as many bits as that
type has, no matter how wide the type of its result.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perfkit.verify import samples
from perfkit.verify.dtypes import parts, widen

Raw: TypeAlias = NDArray[Any]

_FLOOR = 2.0**-20  # of the RMS: smaller values are judged as if they were that large
_FEWEST = 16  # differing values below which nothing is said
_BITS = {  # significant bits, the leading one included
    "float64": 53,
    "complex128": 53,
    "float32": 24,
    "complex64": 24,
    "float16": 11,
    "complex32": 11,
    "bfloat16": 8,
}
_NARROW = {8: "bfloat16", 11: "float16", 24: "float32"}
_BANDS = (("bfloat16", 5.0, 9.5, 8), ("float16 or TF32", 9.5, 13.5, 11), ("float32", 17.0, 31.0, 24))
_WRONG_BITS = 5.0  # values that agree in fewer bits are no rounded ones
_ROUNDED = 3.0  # bits by which correctly rounded values agree better than their type's, at most
_ROUNDED_OFF = 3  # bits that values must need less than their dtype has, to have been rounded at all
_FULL = 0.1  # of the smaller values need all bits of the type that they were stored in; half of them, in fact
_PLACES = 6
_MARGIN = 5.0  # bits between a band's end and the precision of the dtype itself
_SPREAD = (0.3, 6.0)  # bits between the 20th and the 80th percentile of what is rounding


def matching_bits(baseline: Raw, contender: Raw, dtype: str = "") -> float | None:
    """Count the leading bits in which the bulk of two arrays agree.

    Parameters
    ----------
    baseline, contender
        Flat arrays of one length and dtype, real or complex. Of very large ones a million values are looked
        at.
    dtype
        The true dtype, where they are stored as bits.

    Returns
    -------
    float or None
        The median, over the finite values that differ, of ``-log2(|c - b| / max(|b|, 2^-20 rms(b)))``, in
        bits: about 25 for float64 values rounded to float32, more than 40 for those that another order of
        summation gave. Never below 0. ``None`` if no finite value differs.

    Notes
    -----
    The median, because a few values lose all their bits by cancellation in any honest computation. The scale
    is the value's own, since that is what rounding is relative to; the floor keeps a baseline of zero from
    having no scale at all, and lies so far below the RMS that small values, as in a softmax, keep theirs.
    """
    b, c = _finite(baseline, contender, dtype or baseline.dtype.name)
    bits = _bits(b, c)
    return float(np.median(bits)) if bits.size else None


def lowered_to(baseline: Raw, contender: Raw, dtype: str) -> str | None:
    """Name the lower precision in which a contender seems to have computed, if it does.

    Parameters
    ----------
    baseline, contender
        Flat arrays of one length, as stored. Of very large ones a million values are looked at.
    dtype
        The true dtype of both.

    Returns
    -------
    str or None
        ``float32``, ``float16``, ``bfloat16``, or ``float16 or TF32``, whose significands are of one length;
        ``None`` if nothing shows, or the values are too few, too alike or too wrong to tell.

    Notes
    -----
    At least 16 values must differ. A precision is named if one of two rules holds:

    1. *Stored in it.* The contender's values need exactly the significant bits that the type has, in more
       than the largest power of two (what cancelled, or was rounded to a fixed number of places, needs the
       fewer bits the smaller it is), at least 16 distinct values of the baseline need more, and the median of
       the matching bits is no higher than rounding to that type explains (3 bits more than it has) nor lower
       than 5. So integers and round numbers, which need few bits on both sides, prove nothing, nor does a
       contender that is exact where the baseline is noisy.
    2. *Computed in it.* Most values differ, the median of the matching bits lies in the type's band (bfloat16
       5 to 9.5, float16 and TF32 9.5 to 13.5, float32 17 to 31, since the mean of many rounded values is
       more precise than each of them; a band less than 5 bits short of the dtype's own precision is not
       used), and the values agree about it: the middle 60 % lie within 6 bits, as they do for rounding, yet
       not within 0.3, as they do for a factor that is wrong. It does not count if every value of the
       *baseline* fits in that type: then it is the baseline that lost the bits; nor if the contender's values
       need few bits though rule 1 does not hold, or are decimals of six places at most.

    The second rule sees the size of an error, not its cause. An algorithm so ill-conditioned that it loses 30
    of 53 bits in nearly every value looks like float32, and another draw of the same random numbers can look
    like bfloat16. The other way round, a computation whose low precision touches few values only, or whose
    error grows until fewer than 5 bits are right, is not named.
    """
    own = _BITS.get(dtype)
    if own is None or baseline.size < _FEWEST:
        return None
    b, c = _finite(baseline, contender, dtype)
    bits = _bits(b, c)
    if bits.size < _FEWEST:
        return None
    median = float(np.median(bits))
    if median < _WRONG_BITS:
        return None
    needed = _needed_bits(c)
    if int(needed.max()) > own - _ROUNDED_OFF:
        return _computed(b, c, bits, own)
    return _stored(b, c, needed, median)


def is_stored(baseline: Raw, contender: Raw, dtype: str) -> bool:
    """Tell whether every value of the contender fits in the precision that `lowered_to` names."""
    if lowered_to(baseline, contender, dtype) is None:
        return False
    _, c = _finite(baseline, contender, dtype)
    return int(_needed_bits(c).max()) in _NARROW


def _stored(b: Raw, c: Raw, needed: Raw, median: float) -> str | None:
    """Apply the first rule to a contender whose values need few bits."""
    most = int(needed.max())
    name = _NARROW.get(most)
    wide = b[(_needed_bits(b) > most) & (b != c)]
    if name is None or median > most + _ROUNDED or np.unique(wide).size < _FEWEST:
        return None
    exponents = np.frexp(c)[1]
    smaller = needed[(c != 0) & (exponents < exponents[c != 0].max())]
    full = np.count_nonzero(smaller == most)
    return name if full and full >= _FULL * smaller.size else None


def _computed(b: Raw, c: Raw, bits: Raw, own: int) -> str | None:
    """Apply the second rule."""
    low, median, high = np.percentile(bits, [20, 50, 80])
    narrowest, widest = _SPREAD
    if not narrowest <= high - low <= widest or 2 * bits.size < np.count_nonzero(b) or _is_decimal(c, own):
        return None
    for name, start, end, precision in _BANDS:
        if start <= median < end:
            fitting = end + _MARGIN > own or int(_needed_bits(b).max()) <= precision
            return None if fitting else name
    return None


def _is_decimal(c: Raw, own: int) -> bool:
    """Tell whether all values were rounded to a few places."""
    with np.errstate(all="ignore"):
        return any(
            bool(np.all(abs(np.round(c, places) - c) <= 2.0**-own * abs(c))) for places in range(_PLACES + 1)
        )


def _needed_bits(values: Raw) -> Raw:
    """Count the significant bits that doubles need, whatever their exponent: 0 for zero, 1 for 2^k."""
    whole = np.abs(np.ldexp(np.frexp(values)[0], _BITS["float64"])).astype(np.int64)
    lowest = (whole & -whole).astype(np.float64)  # its last bit alone
    found: Raw = np.where(whole == 0, 0, _BITS["float64"] + 1 - np.frexp(lowest)[1])
    return found


def _finite(baseline: Raw, contender: Raw, dtype: str) -> tuple[Raw, Raw]:
    """Return the real numbers that are finite on both sides, widened; of very large arrays some of them."""
    if baseline.size > samples.LIMIT:
        places = samples.positions(baseline.size, samples.LIMIT)
        baseline, contender = baseline[places], contender[places]
    b, c = parts(widen(baseline, dtype)), parts(widen(contender, dtype))
    both = np.isfinite(b) & np.isfinite(c)
    return b[both], c[both]


def _bits(b: Raw, c: Raw) -> Raw:
    """Return the matching bits of the values that differ: shape (number of them,)."""
    differ = b != c
    if not differ.any():
        return np.empty(0)
    top = abs(b).max() or 1.0
    rms = np.sqrt(np.mean(np.square(b / top)))  # as a share of the largest, so that nothing overflows
    with np.errstate(all="ignore"):
        b, c = b[differ] / top, c[differ] / top
        error = abs(c - b) / np.maximum(abs(b), _FLOOR * rms)
        found: Raw = np.clip(-np.log2(error), 0.0, float(np.finfo(b.dtype).nmant + 1))
    return found
