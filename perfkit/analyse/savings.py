"""Time saved, in seconds and as a share of the whole, with intervals.

Seconds add up, so they are summarised by their mean. Its interval is Student's t, and so is that of a ratio
of two means, on the residuals of the ratio estimator (Cochran, "Sampling Techniques", 3rd ed., 1977, section
6.4). Means of one group of pairs are one value, since members of a group are not independent.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from perfkit.analyse import student
from perfkit.analyse.stats import CONFIDENCE, members

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEWEST = 3


def mean_interval(times_s: Sequence[float], groups: Sequence[int]) -> tuple[float, float] | None:
    """Return the interval of a mean time.

    Parameters
    ----------
    times_s
        Seconds that each pair took, or saved, shape (n,).
    groups
        The group of each pair, shape (n,).

    Returns
    -------
    tuple of float or None
        (low, high) at 95 %; None for fewer than three groups.
    """
    means = _means(times_s, groups)
    if len(means) < _FEWEST:
        return None
    half = _half_width(means)
    middle = statistics.fmean(times_s)
    return middle - half, middle + half


def share_interval(
    part_s: Sequence[float], whole_s: Sequence[float], groups: Sequence[int]
) -> tuple[float, float] | None:
    """Return the interval of the share that a part's saving is of the whole's.

    Parameters
    ----------
    part_s, whole_s
        Seconds that each pair saved, in the part and in the whole, shape (n,).
    groups
        The group of each pair, shape (n,).

    Returns
    -------
    tuple of float or None
        (low, high) at 95 %, 1 for all of it; None for fewer than three groups, or where the whole's own
        interval holds 0: the share of nothing is no number.
    """
    whole = mean_interval(whole_s, groups)
    if whole is None or whole[0] <= 0 <= whole[1]:
        return None
    total = statistics.fmean(whole_s)
    share = statistics.fmean(part_s) / total
    residuals = [part - share * all_ for part, all_ in zip(part_s, whole_s, strict=True)]
    half = _half_width(_means(residuals, groups)) / abs(total)
    return share - half, share + half


def _half_width(means: Sequence[float]) -> float:
    n = len(means)
    return student.quantile((1 + CONFIDENCE) / 2, n - 1) * statistics.stdev(means) / math.sqrt(n)


def _means(values: Sequence[float], groups: Sequence[int]) -> list[float]:
    return [statistics.fmean(one) for one in members(values, groups)]
