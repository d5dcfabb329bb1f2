"""What the numbers of an array are like, in one pass: extremes, root mean square, NaN and infinities."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from perfkit.model import Summary
from perfkit.verify import arrays
from perfkit.verify.dtypes import is_numeric, parts, widen

Raw: TypeAlias = NDArray[Any]

_CHUNK = 1 << 16  # elements; the working copy stays in the cache
_DOT = 1 << 13  # elements; the dot product of more is spread over threads, which costs more than it gains
_MODERATE = (2.0**-400, 2.0**400)  # squares of such magnitudes neither vanish nor overflow, nor do their sums


@dataclass(slots=True)
class Spread:
    """Extremes and root mean square of finite numbers, added a chunk at a time.

    The sum of squares is `total` times `scale` squared, so that it can neither overflow nor vanish (as in
    LAPACK's ``lassq``); the scale is 1 for magnitudes that need none.
    """

    low: Any = math.inf
    high: Any = -math.inf
    count: int = 0
    nan: int = 0
    inf: int = 0
    scale: Any = 0.0
    total: Any = 0.0

    def add(self, values: Raw) -> None:
        """Add a flat chunk of at least one element, as `widen` returns it or of single precision."""
        real = parts(values)
        low, high = real.min(), real.max()
        if not (math.isfinite(low) and math.isfinite(high)):  # NaN spreads to both
            finite = np.isfinite(values)
            nan = int(np.count_nonzero(np.isnan(values)))
            self.nan += nan
            self.inf += values.size - int(np.count_nonzero(finite)) - nan
            values = values[finite]
            if not values.size:
                return
            real = parts(values)
            low, high = real.min(), real.max()
        if real.dtype == np.float32:
            low, high = float(low), float(high)
        self.count += values.size
        self.low, self.high = min(self.low, low), max(self.high, high)
        top: Any = max(-low, high)
        if top:
            self._add_squares(real, top)

    def rms(self) -> tuple[Any, Any]:
        """Return two numbers whose product is the root mean square, and which are both representable."""
        return (self.scale, np.sqrt(self.total / self.count)) if self.count else (0.0, 0.0)

    def _add_squares(self, real: Raw, top: Any) -> None:
        scale: Any = 1.0
        real = real.astype(np.float64) if real.dtype == np.float32 else real
        with np.errstate(under="ignore"):
            if not _MODERATE[0] < top < _MODERATE[1]:
                scale, real = top, real / top
            squares = sum(np.dot(real[i : i + _DOT], real[i : i + _DOT]) for i in range(0, real.size, _DOT))
            if scale > self.scale:
                self.total *= (self.scale / scale) ** 2
                self.scale = scale
            self.total += squares * (scale / self.scale) ** 2


def summarise(array: Raw, dtype: str) -> Summary | None:
    """Summarise an array, a chunk at a time.

    Parameters
    ----------
    array
        As it is stored, any shape.
    dtype
        Its true dtype, where it is stored as bits.

    Returns
    -------
    Summary or None
        ``None`` for what is no array of numbers: texts, times, bytes, eight-bit floats, and single numbers.
    """
    if array.ndim == 0 or not is_numeric(dtype):
        return None
    spread = spread_of(array, dtype)
    ordered = array.dtype.kind != "c"
    scale, ratio = spread.rms()
    with np.errstate(all="ignore"):
        rms = _finite(scale * ratio) if spread.count else None
    return Summary(
        minimum=_finite(spread.low) if ordered else None,
        maximum=_finite(spread.high) if ordered else None,
        rms=rms,
        nan=spread.nan,
        inf=spread.inf,
    )


def spread_of(array: Raw, dtype: str) -> Spread:
    """Return the spread of an array of numbers of any shape, as it is stored."""
    spread = Spread()
    for chunk in arrays.chunks(array, _CHUNK):
        # The extremes of single precision are found quicker before it is widened.
        spread.add(chunk if chunk.dtype.char in "fF" and chunk.dtype.isnative else widen(chunk, dtype))
    return spread


def _finite(value: Any) -> float | None:
    value = float(value)
    return value if math.isfinite(value) else None
