"""A speedup and its interval, from pairs.

The point estimate is the median of the paired log ratios, so that no single disturbed pair moves it much and
A/B is the exact inverse of B/A. The interval covers that median:

- six pairs and more: the interpolated sign-test interval, which assumes nothing about the distribution
  (Hettmansperger & Sheather, "Confidence intervals based on interpolated order statistics", Statistics &
  Probability Letters 4, 1986);
- two to five pairs: Student's t on the log ratios. So few order statistics cannot give 95 %, and a bootstrap
  of the median of three pairs covers 75 % of the time, whatever it says; t assumes that log ratios are
  about normal, and the report says so;
- one pair: none.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Literal

from perfkit.analyse import student
from perfkit.model import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
SEQUENTIAL_CONFIDENCE = 0.97
"""Nominal level of an interval that was looked at after each pair: looking costs some two points of coverage
(the tests simulate it), so that an interval computed at this level covers 95 %."""
FEWEST_DISTRIBUTION_FREE = 6
"""With n pairs the range of the values covers the median with probability 1 - 2^(1-n): 97 % for six."""
FEWEST_TO_STOP = 8
"""From so many pairs on a narrow interval may end a comparison; fewer are narrow by luck too often."""
SMALLEST_EFFECT = 0.01
"""A difference below 1 % is no difference, unless told otherwise."""

_SIGN = "sign test, interpolated order statistics"
_LOOKED = ", computed at 97 % because it was looked at after every pair"
_T = "Student's t on the log ratios, which assumes them about normal"
_NONE = "no interval"


def estimate(log_ratios: Sequence[float], *, sequential: bool = False) -> Estimate:
    """Estimate a ratio from paired log ratios.

    Parameters
    ----------
    log_ratios
        ``log(baseline / contender)`` of each pair, shape (n,), n >= 1.
    sequential
        Whether more pairs would have been measured had the interval been wider.

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
    if n < FEWEST_DISTRIBUTION_FREE:
        half = student.quantile((1 + CONFIDENCE) / 2, n - 1) * statistics.stdev(log_ratios) / math.sqrt(n)
        mean = statistics.fmean(log_ratios)
        low, high, method = mean - half, mean + half, _T
    else:
        looked = sequential and n >= FEWEST_TO_STOP
        low, high = _sign_interval(sorted(log_ratios), SEQUENTIAL_CONFIDENCE if looked else CONFIDENCE)
        method = _SIGN + (_LOOKED if looked else "")
    return Estimate(
        value=math.exp(middle),
        low=math.exp(low),
        high=math.exp(high),
        confidence=CONFIDENCE,
        n=n,
        method=method,
    )


def _sign_interval(ordered: Sequence[float], level: float) -> tuple[float, float]:
    """Interpolate between the two symmetric order-statistic intervals that enclose the level."""
    n = len(ordered)
    below = 2.0**-n  # P(B <= k - 1) for B ~ Binomial(n, 1/2), here k = 1
    term = below
    k = 1
    outer = 1 - 2 * below
    while True:
        term *= (n - k + 1) / k
        inner = outer - 2 * term
        if inner < level or k + 1 > n // 2:
            break
        outer = inner
        k += 1
    if inner >= level:  # the innermost interval that there is covers enough
        return ordered[k], ordered[n - k - 1]
    weight = (outer - level) / (outer - inner)
    share = (n - k) * weight / (k + (n - 2 * k) * weight)
    return (
        (1 - share) * ordered[k - 1] + share * ordered[k],
        (1 - share) * ordered[n - k] + share * ordered[n - k - 1],
    )


def narrow_enough(log_ratios: Sequence[float], precision: float) -> bool:
    """Say whether the interval of a ratio is narrower than plus or minus `precision` (0.05 is 5 %)."""
    if len(log_ratios) < FEWEST_TO_STOP:
        return False
    found = estimate(log_ratios, sequential=True)
    if found.low is None or found.high is None:
        return False
    return math.sqrt(found.high / found.low) - 1 <= precision


def verdict(
    found: Estimate, smallest_effect: float = SMALLEST_EFFECT
) -> Literal["faster", "slower", "no difference", "inconclusive"]:
    """Judge a speedup: only what its interval carries.

    Parameters
    ----------
    found
        The speedup.
    smallest_effect
        An interval inside plus or minus this is `no difference`.
    """
    if found.low is None or found.high is None or found.low == found.high:
        return "inconclusive"  # one pair, or a clock too coarse to tell pairs apart
    if 1 / (1 + smallest_effect) < found.low and found.high < 1 + smallest_effect:
        return "no difference"
    if found.low > 1:
        return "faster"
    if found.high < 1:
        return "slower"
    return "inconclusive"
