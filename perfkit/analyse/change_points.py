"""Where the level of a series changed: levels merged until each change is significant in correlated noise.

Neighbouring measurements share a machine's mood, so their noise is correlated, and a test that shuffles them
(as E-divisive means do) or takes them as independent (as a t-test does) finds changes where there are none.
Here a change is tested against the noise that the series itself shows:

1. *Candidates.* The cheapest partition into levels at a low price for each: more changes than there are.
   Jackson et al., "An algorithm for optimal partitioning of data on an interval", IEEE Signal Processing
   Letters 12, 2005. A level has three values at least.
2. *Merging.* The least significant change is given up, one after the other, until all that are left are
   significant: Fleming et al., "Hunter: using change point detection to hunt for performance regressions",
   ICPE 2023, after Matteson & James, "A nonparametric approach for multiple change point analysis of
   multivariate data", JASA 109, 2014. Each is tested on the values between its two neighbours, so that other
   changes do not hide it, by the largest difference of two means over all places.
3. *Noise.* The null distribution of that is simulated: Gaussian AR(1) noise, as long and as correlated as
   the residuals of the series are. Robbins, Gallagher, Lund & Aue, "Mean shift testing in correlated data",
   Journal of Time Series Analysis 32, 2011. A short series does not tell its correlation well, and a fitted
   level hides some of it (Marriott & Pope, "Bias in the estimation of autocorrelations", Biometrika 41,
   1954): the estimate is corrected upwards, and drawn towards 0.3. The draws are seeded: the same series has
   the same changes.
4. *Outliers.* From 20 values on, each is drawn to within 2.5 robust deviations of the median of the five
   about it, in the series and in the simulated noise: that leaves steps as they are, and lets one or two wild
   values in a row count no more than high ones.

The tests simulate how often it finds a change where there is none, and how often one that is there.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse import student

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

ALPHA = 0.01
"""How often a series without a change may show one."""
SHORTEST = 3
"""Fewer values are no level."""
FEWEST = 2 * SHORTEST
MOST = 300
"""Values that are looked at; the newest ones of a longer series."""

_DRAWS = 1999
_SEED = 2004
_ROBUST_FROM = 20
_REACH = 2
_OUTLYING = 2.5
_MAD = 1.4826  # of a normal distribution, to its standard deviation
_CORRELATIONS = tuple(step / 10 for step in range(10))
_PRIOR, _PRIOR_WEIGHT = 0.3, 10
_HIDDEN = 3.0
"""How much correlation each fitted level hides, times the length of the series."""
_PRICE = 1.5
"""Of a level, in the noise's variance times log n: half of what BIC asks."""
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of the level.

    Attributes
    ----------
    index
        Of the first value after it.
    before, after
        The means of the values between it and the neighbouring changes.
    low, high
        The 95 % interval of `after` minus `before`, widened for the correlation of the noise.
    p_value
        Of the step in which it was found.
    """

    index: int
    before: float
    after: float
    low: float
    high: float
    p_value: float


def find(values: Sequence[float], *, alpha: float = ALPHA) -> tuple[Change, ...]:
    """Find where the level of a series changed.

    Parameters
    ----------
    values
        In time order, on a scale on which noise adds, such as logarithms; shape (n,).
    alpha
        Probability of a change where there is none. The simulation resolves 1/1000, and not less.

    Returns
    -------
    tuple of Change
        In time order; none for fewer than `FEWEST` values. Of a longer series than `MOST` the newest values
        are looked at; the indices are those of `values` all the same.

    Raises
    ------
    ValueError
        If a value is not finite.
    """
    if not all(map(math.isfinite, values)):
        raise ValueError("changes are looked for among finite values")
    skipped = max(0, len(values) - MOST)
    x = np.asarray(values[skipped:], dtype=float)
    cuts, p_values = _significant(x, _candidates(x), alpha)
    if not cuts:
        return ()
    correlation = _correlation(x, cuts)
    return tuple(
        _change(x, (before, cut, after), p, correlation, skipped)
        for before, cut, after, p in zip([0, *cuts], cuts, [*cuts[1:], len(x)], p_values, strict=False)
    )


def _candidates(x: Array) -> list[int]:
    """Cut the series into more levels than it has: the cheapest partition at a low price for each level."""
    n = len(x)
    if n < FEWEST or np.ptp(x) == 0:
        return []
    y = _tamed(x[None, :])[0]
    # Of differences, so that changes of the level have no part in it; correlation makes it too small.
    noise = (_MAD * float(np.median(np.abs(np.diff(y))))) ** 2 / 2
    noise = max(noise, float(np.mean(np.diff(y) ** 2)) / 1e4)
    price = _PRICE * noise * math.log(n)
    sums, squares = (np.concatenate([[0.0], np.cumsum(one)]) for one in (y - y.mean(), (y - y.mean()) ** 2))
    cost, last = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=int)
    cost[0] = -price
    for end in range(SHORTEST, n + 1):
        starts = np.arange(0, end - SHORTEST + 1)
        scatter = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
        total = cost[starts] + scatter + price
        best = int(total.argmin())
        cost[end], last[end] = total[best], best
    cuts, at = [], int(last[n])
    while at > 0:
        cuts.append(at)
        at = int(last[at])
    return cuts[::-1]


def _significant(x: Array, cuts: list[int], alpha: float) -> tuple[list[int], list[float]]:
    """Give up the least significant cut, one after the other, until all that are left are significant."""
    while cuts:
        correlation = _rounded(_correlation(x, cuts))
        ends = [0, *cuts, len(x)]
        windows = [x[ends[index] : ends[index + 2]] for index in range(len(cuts))]
        tests = [_split(one, correlation) for one in windows]
        # As many tests as there are cuts.
        p_values = [min(1.0, len(cuts) * p) for _, p, _ in tests]
        # Among those with the same p-value, which the simulation no longer tells apart, the weakest.
        worst = max(range(len(cuts)), key=lambda index: (p_values[index], -tests[index][2]))
        if p_values[worst] <= alpha:
            return cuts, p_values
        cuts = [one for index, one in enumerate(cuts) if index != worst]
        cuts = _settled(x, cuts)
    return [], []


def _split(part: Array, correlation: float) -> tuple[int, float, float]:
    """Return where a series splits best, how likely noise splits as well, and how strong the split is."""
    at, strength = _best_split(_comparable(part[None, :]))
    null = _null(len(part), correlation)
    found = float(strength[0])
    weaker = int(np.searchsorted(null, found * (1 - 1e-9)))
    return int(at[0]), (1 + len(null) - weaker) / (1 + len(null)), found


def _tamed(x: Array) -> Array:
    """Draw outliers in; shape (series, values)."""
    if x.shape[1] < _ROBUST_FROM:
        return x
    windows = np.lib.stride_tricks.sliding_window_view(x, 2 * _REACH + 1, axis=1)
    inner = np.partition(windows, _REACH, axis=2)[:, :, _REACH]
    ends = [np.repeat(one, _REACH, axis=1) for one in (inner[:, :1], inner[:, -1:])]
    middle = np.concatenate([ends[0], inner, ends[1]], axis=1)
    off = x - middle
    reach = _OUTLYING * _MAD * np.median(np.abs(off), axis=1, keepdims=True)
    made: Array = middle + np.clip(off, -reach, reach)
    return made


def _comparable(x: Array) -> Array:
    """Draw outliers in, and scale each series to mean 0 and deviation 1."""
    tamed = _tamed(x)
    y = tamed - tamed.mean(axis=1, keepdims=True)
    deviation = np.sqrt((y * y).mean(axis=1, keepdims=True))
    made: Array = y / np.where(deviation > 0, deviation, 1.0)
    return made


def _best_split(y: Array) -> tuple[NDArray[np.intp], Array]:
    """Return where each series splits best, and the difference of the means in standard errors."""
    n = y.shape[1]
    lengths = np.arange(SHORTEST, n - SHORTEST + 1)
    sums = np.abs(np.cumsum(y, axis=1)[:, SHORTEST - 1 : n - SHORTEST])
    strengths = sums * np.sqrt(n / (lengths * (n - lengths)))
    at = strengths.argmax(axis=1)
    return at + SHORTEST, strengths[np.arange(len(y)), at]


@functools.lru_cache(maxsize=512)
def _null(n: int, correlation: float) -> Array:
    """Return the sorted strengths of the best splits of noise without a change."""
    noise = np.random.default_rng(_SEED + n).standard_normal((_DRAWS, n))
    fresh = math.sqrt(1 - correlation**2)
    for at in range(1, n):
        noise[:, at] = correlation * noise[:, at - 1] + fresh * noise[:, at]
    return np.sort(_best_split(_comparable(noise))[1])


def _correlation(x: Array, cuts: Sequence[int]) -> float:
    """Estimate the correlation of neighbours, upwards where the series is too short to tell."""
    tamed = _tamed(x[None, :])[0]
    residuals = np.concatenate([part - part.mean() for part in np.split(tamed, cuts)])
    n, square = len(residuals), float(residuals @ residuals)
    found = float(residuals[1:] @ residuals[:-1]) / square if square > 0 else 0.0
    corrected = found + (_HIDDEN * (len(cuts) + 1) + 3 * found) / n
    drawn = (n * corrected + _PRIOR_WEIGHT * _PRIOR) / (n + _PRIOR_WEIGHT)
    return min(max(drawn, 0.0), _CORRELATIONS[-1])


def _rounded(correlation: float) -> float:
    """Round up to one of the correlations that are simulated."""
    return next(one for one in _CORRELATIONS if one >= correlation - 1e-9)


def _settled(x: Array, cuts: list[int]) -> list[int]:
    """Put each cut where what lies between its neighbours is best explained by it."""
    ends = [0, *cuts, len(x)]
    for index in range(1, len(ends) - 1):
        at, _ = _best_split(_comparable(x[None, ends[index - 1] : ends[index + 1]]))
        ends[index] = ends[index - 1] + int(at[0])
    return ends[1:-1]


def _change(x: Array, ends: tuple[int, int, int], p: float, correlation: float, skipped: int) -> Change:
    before, after = x[ends[0] : ends[1]], x[ends[1] : ends[2]]
    freedom = len(before) + len(after) - 2
    square = float(((before - before.mean()) ** 2).sum() + ((after - after.mean()) ** 2).sum()) / freedom
    error = math.sqrt(square * (1 / len(before) + 1 / len(after)))
    # Correlated values say less about their mean than as many independent ones.
    error *= math.sqrt((1 + correlation) / (1 - correlation))
    half = student.quantile((1 + _CONFIDENCE) / 2, freedom) * error
    step = float(after.mean() - before.mean())
    return Change(
        index=skipped + ends[1],
        before=float(before.mean()),
        after=float(after.mean()),
        low=step - half,
        high=step + half,
        p_value=min(1.0, p),
    )
