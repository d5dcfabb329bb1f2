"""A speedup, its interval and its verdict, from pairs.

The point estimate is the median of the paired log ratios, so that no single disturbed pair moves it much and
A/B is the exact inverse of B/A. Each estimate carries two intervals of that median: one at 95 %, to be read,
and a wider one at the level of verdicts, so that a comparison of a program with itself says `faster` or
`slower` in less than one of a hundred cases. Either is

- the interpolated sign-test interval, which assumes nothing about the distribution (Hettmansperger &
  Sheather, "Confidence intervals based on interpolated order statistics", Statistics & Probability Letters 4,
  1986), once there are enough pairs for its level: six for 95 %, nine for 99.5 %;
- Student's t on the log ratios below that. So few order statistics cannot give the level, and a bootstrap of
  the median of three pairs covers 75 % of the time, whatever it says; t assumes that log ratios are about
  normal, and the report says so;
- none for one pair.
"""

from __future__ import annotations

import functools
import math
import statistics
from typing import TYPE_CHECKING

from perfkit.analyse import student
from perfkit.analyse.beta import incomplete_beta
from perfkit.model import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import SpeedVerdict

CONFIDENCE = 0.95
SEQUENTIAL_CONFIDENCE = 0.97
"""Nominal level of an interval that was looked at on the way: looking costs some two points of coverage
(the tests simulate it), so that an interval computed at this level covers 95 %."""
ALPHA = 0.005
"""How often a verdict `faster` or `slower` may be wrong where there is no difference, over all looks."""
SMALLEST_EFFECT = 0.01
"""A difference below 1 % is no difference, unless told otherwise."""

_SIGN = "sign test, interpolated order statistics"
_LOOKED = ", computed at 97 % because it was looked at on the way"
_T = "Student's t on the log ratios, which assumes them about normal"
_NONE = "no interval"
_LARGEST = 700.0  # the logarithm of the largest float is 709


def estimate(log_ratios: Sequence[float], *, sequential: bool = False, alpha: float = ALPHA) -> Estimate:
    """Estimate a ratio from paired log ratios.

    Parameters
    ----------
    log_ratios
        ``log(baseline / contender)`` of each pair, or the median of each group of pairs that are not
        independent of each other; shape (n,), n >= 1.
    sequential
        Whether more pairs would have been measured had they shown something else.
    alpha
        Error of the verdict, two-sided: what `perfkit.analyse.looks` leaves for it.

    Returns
    -------
    Estimate
        On the ratio scale: above 1, the contender is faster.

    Raises
    ------
    ValueError
        If there are no pairs, or one of the values is not finite.
    """
    n = len(log_ratios)
    if n == 0 or not all(math.isfinite(one) for one in log_ratios):
        raise ValueError("an estimate needs at least one pair, and finite log ratios")
    middle = statistics.median(log_ratios)
    if n == 1:
        return Estimate(value=math.exp(middle), low=None, high=None, confidence=0.0, n=1, method=_NONE)
    looked = sequential and enough(n, SEQUENTIAL_CONFIDENCE)
    level = SEQUENTIAL_CONFIDENCE if looked else CONFIDENCE
    low, high = interval(log_ratios, level)
    sure_low, sure_high = interval(log_ratios, 1 - alpha)
    method = _T if not enough(n, level) else _SIGN + (_LOOKED if looked else "")
    return Estimate(
        value=math.exp(middle),
        low=_exp(low),
        high=_exp(high),
        confidence=CONFIDENCE,
        n=n,
        method=method,
        # The two methods may cross where the one gives way to the other: the surer is never the narrower.
        sure_low=_exp(min(low, sure_low)),
        sure_high=_exp(max(high, sure_high)),
    )


def _exp(value: float) -> float:
    """Return a ratio that a float can hold: an interval from two wild pairs may end beyond all of them."""
    return math.exp(max(-_LARGEST, min(value, _LARGEST)))


def members(values: Sequence[float], groups: Sequence[int]) -> list[list[float]]:
    """Return the values of each group: groups are independent of each other, their members are not."""
    found: dict[int, list[float]] = {}
    for value, group in zip(values, groups, strict=True):
        found.setdefault(group, []).append(value)
    return list(found.values())


def interval(values: Sequence[float], level: float) -> tuple[float, float]:
    """Return the interval of a median.

    Parameters
    ----------
    values
        At least two; see `estimate`.
    level
        Such as 0.95.
    """
    n = len(values)
    if enough(n, level):
        return _sign_interval(sorted(values), level)
    half = student.quantile((1 + level) / 2, n - 1) * statistics.stdev(values) / math.sqrt(n)
    mean = statistics.fmean(values)
    return mean - half, mean + half


def enough(n: int, level: float) -> bool:
    """Say whether n values allow the sign test's interval at a level: their range covers 1 - 2^(1-n)."""
    return 2.0 ** (1 - n) <= 1 - level


def _sign_interval(ordered: Sequence[float], level: float) -> tuple[float, float]:
    """Interpolate between the two symmetric order-statistic intervals that enclose the level."""
    n = len(ordered)
    k, outer, inner = _ranks(n, level)
    if inner is None:  # the innermost interval that there is covers enough
        return ordered[k - 1], ordered[n - k]
    weight = (outer - level) / (outer - inner)
    share = (n - k) * weight / (k + (n - 2 * k) * weight)
    return (
        (1 - share) * ordered[k - 1] + share * ordered[k],
        (1 - share) * ordered[n - k] + share * ordered[n - k - 1],
    )


@functools.lru_cache(maxsize=4096)
def _ranks(n: int, level: float) -> tuple[int, float, float | None]:
    """Return the largest k whose interval, from the k-th value to the k-th last, covers the level.

    Returns
    -------
    tuple
        That k from 1, its coverage, and the coverage of the next, or None if there is no next.
    """

    def coverage(k: int) -> float:
        # 1 - 2 P(B <= k - 1) for B ~ Binomial(n, 1/2), as the incomplete beta function.
        return 1 - 2 * incomplete_beta(n - k + 1, k, 0.5)

    low, high = 1, (n + 1) // 2
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if coverage(middle) >= level else (low, middle - 1)
    return low, coverage(low), coverage(low + 1) if low + 1 <= (n + 1) // 2 else None


def half_width(found: Estimate) -> float:
    """Return how wide the interval of a ratio is: 0.05 for plus or minus 5 %; infinite without one."""
    if found.low is None or found.high is None:
        return math.inf
    return math.sqrt(found.high / found.low) - 1


def verdict(found: Estimate, smallest_effect: float = SMALLEST_EFFECT) -> SpeedVerdict:
    """Judge a speedup: only what its surer interval carries.

    Parameters
    ----------
    found
        The speedup.
    smallest_effect
        An interval inside plus or minus this is `no difference`.
    """
    low, high = found.sure_low, found.sure_high
    if low is None or high is None or low == high:
        return "inconclusive"  # one pair, or a clock too coarse to tell pairs apart
    if 1 / (1 + smallest_effect) < low and high < 1 + smallest_effect:
        return "no difference"
    if low > 1:
        return "faster"
    if high < 1:
        return "slower"
    return "inconclusive"


def needed(found: Estimate, smallest_effect: float = SMALLEST_EFFECT) -> int | None:
    """Return about how many pairs would decide, if they went on as they did: intervals shrink with sqrt(n).

    Returns
    -------
    int or None
        In all, not in addition; None if there is no interval to go by, or no number of pairs would.
    """
    low, high = found.sure_low, found.sure_high
    if low is None or high is None or low == high:
        return None
    half, distance = math.log(high / low) / 2, abs(math.log(found.value))
    # Either it moves away from 1, or it shrinks into what is no difference: whichever takes less.
    room = max(distance, math.log1p(smallest_effect) - distance)
    pairs = found.n * (half / room) ** 2
    return math.ceil(pairs) if pairs < _NO_END else None


_NO_END = 1e7
