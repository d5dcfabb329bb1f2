"""Are two random outputs equivalent? Two one-sided tests, which can say yes, no, or that it is not known."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from perfkit.analyse import student

if TYPE_CHECKING:
    from collections.abc import Sequence

ALPHA = 0.05
"""Level of each of the two tests: equivalence is claimed wrongly in 5 % of cases at most."""
FEWEST = 2
_GRID = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Tost:
    """What two one-sided tests say of a mean difference.

    Attributes
    ----------
    verdict
        ``statistically equivalent``: the interval lies inside plus or minus the margin; ``different``: wholly
        outside; ``inconclusive``: it reaches across, or there is none.
    mean, low, high
        The mean difference and its interval, in the unit of the differences; ``None`` if there is none.
    confidence
        Of the interval: 1 - 2 alpha, 0.9 for tests at 5 %.
    n
        Number of pairs.
    reason
        Why there is no interval; empty if there is one.
    """

    verdict: Literal["statistically equivalent", "different", "inconclusive"]
    margin: float
    confidence: float
    n: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def tost(differences: Sequence[float], margin: float, alpha: float = ALPHA) -> Tost:
    """Test whether a mean difference lies within a margin.

    Schuirmann's two one-sided t-tests ("A comparison of the two one-sided tests procedure and the power
    approach for assessing the equivalence of average bioavailability", J. Pharmacokinet. Biopharm. 15, 1987),
    in the form of an interval: both reject at level `alpha` if and only if Student's interval of confidence
    ``1 - 2 alpha`` lies inside the margin. The same interval wholly beyond the margin shows, at the same
    level, that the difference exceeds it. That a difference from zero is not significant says nothing here.

    Parameters
    ----------
    differences
        Contender minus baseline of each pair, shape (n,), taken to be about normal and independent.
    margin
        The largest difference that does not matter, above 0, in the same unit.
    alpha
        Level of each test, between 0 and 0.5.

    Returns
    -------
    Tost
        `inconclusive`, with the reason, for fewer than two pairs or a value that is not finite. Differences
        that are all the same have an interval without width.

    Raises
    ------
    ValueError
        If the margin or the level lies outside of its range.
    """
    _check(margin, alpha)
    n = len(differences)
    confidence = 1 - 2 * alpha
    reason = ""
    if n < FEWEST:
        reason = f"{n} pair{'' if n == 1 else 's'}: no interval"
    elif not all(math.isfinite(one) for one in differences):
        reason = f"{sum(not math.isfinite(one) for one in differences)} of {n} differences are not finite"
    if reason:
        return Tost(verdict="inconclusive", margin=margin, confidence=confidence, n=n, reason=reason)
    mean = statistics.fmean(differences)
    half = student.quantile(1 - alpha, n - 1) * _deviation(differences) / math.sqrt(n)
    low, high = mean - half, mean + half
    verdict: Literal["statistically equivalent", "different", "inconclusive"] = "inconclusive"
    if -margin < low and high < margin:
        verdict = "statistically equivalent"
    elif low > margin or high < -margin:
        verdict = "different"
    return Tost(verdict=verdict, margin=margin, confidence=confidence, n=n, mean=mean, low=low, high=high)


def runs_needed(pilot: Sequence[float], margin: float, power: float = 0.9, alpha: float = ALPHA) -> int:
    """Return how many pairs show equivalence with a given power, if the true difference is zero.

    Each of the two tests succeeds with probability ``Phi(sqrt(n) margin / sigma - t(1 - alpha, n - 1))``; the
    smallest n is taken for which the mean of that reaches ``1 - (1 - power) / 2`` (Julious, "Sample sizes for
    clinical trials with normal data", Stat. Med. 23, 2004). The mean is over what sigma may be: the pilot's
    standard deviation is an estimate, and taking it for the truth would leave many a study with far less
    power than intended. So a pilot of three asks for many more runs than one of ten.

    Parameters
    ----------
    pilot
        Differences of a few pairs, shape (m,), m >= 2. Their mean has no part in it.
    margin
        As for `tost`.
    power
        Probability of finding equivalence, between 0 and 1.

    Returns
    -------
    int
        2 at least; without an upper end, which is the caller's to set.

    Raises
    ------
    ValueError
        If there are fewer than two differences, one is not finite, or a parameter lies outside of its range.
    """
    _check(margin, alpha)
    m = len(pilot)
    if m < FEWEST or not all(math.isfinite(one) for one in pilot):
        raise ValueError("a pilot needs at least two differences, all finite")
    if not 0 < power < 1:
        raise ValueError(f"a power lies between 0 and 1, not at {power}")
    ratio = _deviation(pilot) / margin
    if ratio == 0:
        return FEWEST
    factors = _factors(m - 1)
    normal = statistics.NormalDist()

    def enough(n: int) -> bool:
        limit, noncentral = student.quantile(1 - alpha, n - 1), math.sqrt(n) / ratio
        mean = sum(weight * normal.cdf(noncentral * factor - limit) for factor, weight in factors)
        return mean >= 1 - (1 - power) / 2

    high = FEWEST
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if middle >= FEWEST and enough(middle) else (middle, high)
    return high


def _factors(df: int) -> list[tuple[float, float]]:
    """Return values of s / sigma with their probabilities: a chi variable over the root of its freedom."""
    low, high = -16 / df - 6 / math.sqrt(df), 6 / math.sqrt(df)  # of its logarithm: all but some 1e-6
    grid = [low + (high - low) * (i + 0.5) / _GRID for i in range(_GRID)]
    weights = [math.exp(df * (y - math.expm1(2 * y) / 2)) for y in grid]
    total = sum(weights)
    return [(math.exp(y), weight / total) for y, weight in zip(grid, weights, strict=True)]


def _check(margin: float, alpha: float) -> None:
    if not (margin > 0 and math.isfinite(margin)):
        raise ValueError(f"a margin is a number above 0, not {margin}")
    if not 0 < alpha < 0.5:  # noqa: PLR2004  at one half the interval has no width
        raise ValueError(f"a level lies between 0 and 0.5, not at {alpha}")


def _deviation(values: Sequence[float]) -> float:
    """Return the sample standard deviation; 0 for values that are all the same, whatever rounding says."""
    return 0.0 if min(values) == max(values) else statistics.stdev(values)
