"""Student's t distribution: its tail and its quantiles, with the standard library alone."""

from __future__ import annotations

import functools
import math

from perfkit.analyse.beta import incomplete_beta

_STEPS = 200
_CLOSE = 1e-15


def tail(t: float, df: float) -> float:
    """Return the probability that Student's t exceeds `t`.

    Parameters
    ----------
    t
        Any number, infinities included.
    df
        Degrees of freedom, above 0.

    Returns
    -------
    float
        ``I_x(df / 2, 1 / 2) / 2`` with ``x = df / (df + t^2)`` for t >= 0 (Abramowitz & Stegun 26.7.1).

    Raises
    ------
    ValueError
        If `t` is NaN or `df` is not above 0.
    """
    if math.isnan(t) or not df > 0:
        raise ValueError(f"Student's t is not defined for t={t}, df={df}")
    if t < 0:
        return 1 - tail(-t, df)
    if math.isinf(t):
        return 0.0
    # By the ratio of the two, so that neither a large t nor a large df overflows or loses the other.
    ratio = t / math.sqrt(df)
    square = ratio * ratio
    if math.isinf(square):
        return 0.0
    return incomplete_beta(df / 2, 0.5, 1 / (1 + square), square / (1 + square)) / 2


@functools.cache
def quantile(probability: float, df: float) -> float:
    """Return the number that Student's t stays below with a probability.

    Parameters
    ----------
    probability
        Between 0 and 1, both excluded.
    df
        Degrees of freedom, above 0.

    Returns
    -------
    float
        Such as 12.7062 for 0.975 and one degree of freedom.

    Raises
    ------
    ValueError
        If a parameter lies outside of its range.
    """
    if not (0 < probability < 1 and df > 0):
        raise ValueError(f"Student's t has no quantile for probability={probability}, df={df}")
    if probability <= 0.5:  # noqa: PLR2004  the distribution is symmetric
        return 0.0 if probability == 0.5 else -_above(probability, df)  # noqa: PLR2004
    return _above(1 - probability, df)


def _above(beyond: float, df: float) -> float:
    """Return the number above 0 that is exceeded with a probability below one half."""
    low, high = 0.0, 1.0
    while tail(high, df) > beyond:
        low, high = high, high * 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if high - low <= _CLOSE * middle:
            break
        if tail(middle, df) > beyond:
            low = middle
        else:
            high = middle
    return (low + high) / 2
