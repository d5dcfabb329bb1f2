"""Search a line of commits for the first slow one: which to try next, what a comparison says, what is left.

A commit is `good` if it is as quick as the first one, and `slow` if it is as slow as the last; in between
lies the limit, half-way on the scale of logarithms, so that noise has as far to go to either side. Each
answer is the verdict of a paired comparison with the first commit, and each may be wrong with a share of one
error that is laid down for the whole search: by Bonferroni's inequality, the search is led astray no more
often than that. As an answer can be wrong only in one direction, and its error counts both, it is half as
often.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import BisectionAnswer, Estimate

ERROR = 0.04
"""Of all answers of a search together, counted in both directions."""
_UNPLANNED = 4


def limit(speedup: float) -> float:
    """Return the speedup that divides good from slow: half-way between 1 and that of the last commit."""
    return math.sqrt(speedup)


def precision(speedup: Estimate) -> float:
    """Return how precisely a slowdown must be known for a limit half-way: a quarter of it, as a factor."""
    return math.exp(abs(math.log(speedup.value)) / 4) - 1


def answer(found: Estimate, at: float) -> BisectionAnswer:
    """Say on which side of a limit a commit lies, by the surer interval of its speedup.

    Parameters
    ----------
    found
        First commit / this one: below 1, it is slower.
    at
        The limit.
    """
    low, high = found.sure_low, found.sure_high
    if low is None or high is None or low == high:
        return "undecided"
    if high < at:
        return "slow"
    return "good" if low > at else "undecided"


def questions(candidates: int) -> int:
    """Return how many answers a search through so many commits takes, if none is left out."""
    return max(1, math.ceil(math.log2(max(1, candidates))))


class Allowance:
    """The error that a search may still make: what all answers together take never exceeds it.

    Parameters
    ----------
    error
        To begin with.
    """

    def __init__(self, error: float = ERROR) -> None:
        self.left = error
        self._each = 0.0
        self._planned = 0

    def plan(self, answers: int) -> None:
        """Share out half of what is left among so many answers; the other half is for what comes after."""
        self._planned = max(1, answers)
        self._each = self.left / 2 / self._planned

    def take(self) -> float:
        """Return the error that the next answer may have."""
        if not self._planned:  # commits that gave no answer made the search longer
            self.plan(_UNPLANNED)
        self._planned -= 1
        self.left -= self._each
        return self._each

    def give_back(self) -> None:
        """Take back what was meant for an answer that was none: it could not be wrong."""
        self._planned += 1
        self.left += self._each


class Search:
    """A binary search along a line; the commit before the line is good, its last one is slow.

    Parameters
    ----------
    n
        Commits of the line, at least 1.
    """

    def __init__(self, n: int) -> None:
        self._good, self._slow = -1, n - 1
        self._left_out: set[int] = set()

    @property
    def suspects(self) -> range:
        """Where the first slow commit may be: one place, or several that could not be told apart."""
        return range(self._good + 1, self._slow + 1)

    @property
    def last_good(self) -> int:
        """The last commit that is known to be good; -1 for the one before the line."""
        return self._good

    def next(self) -> int | None:
        """Return which commit to try: the one nearest to the middle that can be; None if there is none."""
        middle = (self._good + self._slow) // 2
        open_ = [at for at in range(self._good + 1, self._slow) if at not in self._left_out]
        return min(open_, key=lambda at: abs(at - middle)) if open_ else None

    def tell(self, at: int, said: BisectionAnswer) -> None:
        """Take an answer into account."""
        if said == "slow":
            self._slow = min(self._slow, at)
        elif said == "good":
            self._good = max(self._good, at)
        else:
            self._left_out.add(at)


def share(culprit: Estimate, whole: Estimate) -> tuple[float, tuple[float, float] | None]:
    """Return which part of the whole slowdown the culprit made, on the scale of logarithms.

    Parameters
    ----------
    culprit
        Parent / culprit.
    whole
        First commit / last one, as its point estimate.

    Returns
    -------
    float, (float, float) or None
        The share, and its interval from the culprit's.
    """
    scale = math.log(whole.value)
    value = math.log(culprit.value) / scale
    if culprit.low is None or culprit.high is None or min(culprit.low, culprit.high) <= 0:
        return value, None
    ends: Sequence[float] = sorted(math.log(one) / scale for one in (culprit.low, culprit.high))
    return value, (ends[0], ends[1])
