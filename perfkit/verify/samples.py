"""The same few elements of two arrays of one size, spread over all of them, first and last included.

The places follow the golden ratio: the first `n` of them are spread evenly for any `n`, and fall into step
with no row length, as every 1024th element would. So a small sample's places are the first of a large one's,
and the two sides can be compared even if one kept less.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Raw: TypeAlias = NDArray[Any]

LIMIT = 1 << 20
"""Elements of a sample at most."""

_SPARSE = 16  # places this far apart on average never coincide
_FEWEST = 16  # elements below which a sample says nothing
_GOLDEN = np.uint64(
    0x9E3779B97F4A7C15
)  # 2**64 / golden ratio: multiples wrap around evenly (Weyl, Knuth 6.4)


def count_for(size: int) -> int:
    """Return how many elements of an array of `size` make up its sample."""
    return min(LIMIT, size // _SPARSE)


def positions(size: int, count: int) -> NDArray[np.int64]:
    """Return the flat places of a sample.

    Parameters
    ----------
    size
        Elements of the whole array, 2 at least.
    count
        Elements of the sample, no more than `count_for` says.

    Returns
    -------
    numpy.ndarray
        Shape ``(count,)``: the first element, the last, then others in no order; none twice.
    """
    with np.errstate(over="ignore"):
        share = np.arange(1, count - 1, dtype=np.uint64) * _GOLDEN
    between = 1 + (share.astype(np.float64) * 2.0**-64 * (size - 2)).astype(np.int64)
    return np.concatenate([np.array([0, size - 1]), np.minimum(between, size - 2)])


def take(array: Raw, count: int) -> Raw | None:
    """Return `count` elements of an array, flat in the order of `positions`; ``None`` if too few."""
    if count < _FEWEST:
        return None
    places = positions(array.size, count)
    if array.flags.c_contiguous:
        return array.reshape(-1)[places]
    return array[np.unravel_index(places, array.shape)]
