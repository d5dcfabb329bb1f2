"""The regularised incomplete beta function, from which the tails of Student's t and the binomial follow."""

from __future__ import annotations

import math

_STEPS = 20_000  # the fraction converges in some sqrt(max(a, b)) of them
_EPSILON = 1e-16
_TINY = 1e-300
_LARGE = 15.0  # from here on Stirling's series with four terms is exact to double precision


def incomplete_beta(a: float, b: float, x: float, rest: float | None = None) -> float:
    """Return ``I_x(a, b)``, the probability that a beta variable with parameters `a` and `b` is below `x`.

    The continued fraction of DLMF 8.17.22, evaluated from the front by Lentz's method (Thompson & Barnett,
    "Coulomb and Bessel functions of complex arguments and order", J. Comput. Phys. 64, 1986).

    Parameters
    ----------
    a, b
        Above 0.
    x
        0 to 1.
    rest
        ``1 - x``, where it is known with more digits than the subtraction leaves.

    Returns
    -------
    float
        To about 1e-12 of itself, as small as it may be.

    Raises
    ------
    ValueError
        If a parameter lies outside of its range.
    """
    rest = 1 - x if rest is None else rest
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        raise ValueError(f"the incomplete beta function is not defined for a={a}, b={b}, x={x}")
    if x == 0 or rest == 0:
        return float(x != 0)
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly, its mirror image converges quickly
        return 1 - incomplete_beta(b, a, rest, x)
    front = math.exp(a * _log(x, rest) + b * _log(rest, x) - _log_beta(a, b))
    return front * _fraction(a, b, x) / a


def _log(share: float, rest: float) -> float:
    """Return the logarithm of a share, with all its digits even near 1."""
    return math.log(share) if share < rest else math.log1p(-rest)


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for step in (even, odd):
            d = 1 / _away(1 + step * d)
            c = _away(1 + step / c)
            change = c * d
            value *= change
        if abs(change - 1) <= _EPSILON:
            break
    return value


def _away(value: float) -> float:
    """Return the value, kept away from zero as Lentz's method asks."""
    return value if abs(value) > _TINY else _TINY


def _log_beta(a: float, b: float) -> float:
    """Return ``log B(a, b)`` without the difference of two huge log gammas that loses its digits."""
    a, b = sorted((a, b))
    if b < _LARGE:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    larger = -(b - 0.5) * math.log1p(a / b) - a * math.log(a + b) + a + _stirling(b) - _stirling(a + b)
    return math.lgamma(a) + larger


def _stirling(x: float) -> float:
    """Return what Stirling's formula lacks to ``log gamma(x)`` (DLMF 5.11.1)."""
    square = 1 / (x * x)
    return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / x
