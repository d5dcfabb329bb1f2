"""When to stop measuring: planned looks, each of which may spend a part of the error that verdicts may have.

Looking after every pair until the interval excludes 1 says `faster` of equal programs in 17 to 28 % of
cases. So there are few looks, at numbers of pairs that are laid down beforehand, and the error `stats.ALPHA`
is shared out among them (Lan & DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70,
1983; by Bonferroni's inequality the shares may be added whatever the dependence): each look may spend a
tenth of what is left, the last one, when the budget is over, all the rest. When the budget is over depends
on the clock and not on which side is ahead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.analyse import stats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Estimate

FIRST = (12, 16, 24)
"""Looks come at these and at their multiples by powers of 2. From 12 pairs on a tenth of the error is enough
for the sign test, so that what ends a comparison early assumes nothing of the noise."""
_SHARE = 0.1


def is_due(n: int) -> bool:
    """Say whether there is a look at n pairs: 12, 16, 24, 32, 48, 64, 96, and so on."""
    while n > max(FIRST) and n % 2 == 0:
        n //= 2
    return n in FIRST


def alpha(n: int, *, last: bool, error: float = stats.ALPHA) -> float:
    """Return the error that a verdict at n pairs may have.

    Parameters
    ----------
    n
        Number of pairs, or of groups of pairs.
    last
        Whether this is the end in any case.
    error
        That is shared out among all looks.
    """
    left = error * (1 - _SHARE) ** sum(map(is_due, range(n)))
    return left if last else left * _SHARE


def settled(
    values: Sequence[float],
    *,
    precision: float,
    limits: Sequence[float] = (),
    smallest_effect: float = stats.SMALLEST_EFFECT,
    decided_is_enough: bool = False,
    error: float = stats.ALPHA,
) -> bool:
    """Say whether a look may end the comparison: its answers are certain, and its interval narrow.

    Parameters
    ----------
    values
        Log ratios as for `perfkit.analyse.stats.estimate`.
    precision
        Wanted of the interval: 0.05 for plus or minus 5 %.
    limits
        Speedups that the comparison is held to, which the interval must exclude: its target, and the least
        one that is not too slow.
    smallest_effect
        As for `perfkit.analyse.stats.verdict`.
    decided_is_enough
        However wide the interval.
    error
        As for `alpha`. With less of it than usual the first looks are passed over: what ends a comparison
        early is the sign test.
    """
    share = alpha(len(values), last=False, error=error)
    if not is_due(len(values)) or not stats.enough(len(values), 1 - share):
        return False
    found = stats.estimate(values, sequential=True, alpha=share)
    if stats.verdict(found, smallest_effect) == "inconclusive" or any(_holds(found, one) for one in limits):
        return False
    return decided_is_enough or stats.half_width(found) <= precision


def _holds(found: Estimate, limit: float) -> bool:
    """Say whether a limit lies inside of the interval, so that it is not decided."""
    low, high = found.sure_low, found.sure_high
    return low is not None and high is not None and low < limit <= high
