"""The interval of what one process measured again and again."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from perfkit.analyse import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

STRETCHES = 6
"""The fewest values whose range covers their median at 95 %."""


def interval(values: Sequence[float], level: float = stats.CONFIDENCE) -> tuple[float, float] | None:
    """Return the interval of the median of samples that followed each other in one process.

    What slows one sample slows the next. An interval that took them for independent would cover far less than
    it says. So it is that of the medians of six stretches of them, by their order alone.

    Parameters
    ----------
    values
        In the order in which they were taken.
    level
        Up to 0.96, which the range of six medians covers.

    Returns
    -------
    tuple of float, or None
        Holds the median of all values; None if there are fewer than six.
    """
    n = len(values)
    if n < STRETCHES:
        return None
    middle = statistics.median(values)
    edges = [n * one // STRETCHES for one in range(STRETCHES + 1)]
    low, high = stats.interval(
        [statistics.median(values[edges[one] : edges[one + 1]]) for one in range(STRETCHES)], level
    )
    return min(low, middle), max(high, middle)
