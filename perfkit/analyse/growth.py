"""How a cost grows with the size of the input: one exponent, whether it changes, and where.

The processes of one size give one median; the sizes are the unit of the fits. That way the scatter about a
line holds both what disturbs single processes and what is no power law (a cache that no longer suffices), and
more repeats of the same sizes cannot make an interval narrower than the machine is regular.

The line is least squares on the logarithms, its interval Student's t with S - 2 degrees of freedom for S
sizes; the curvature is the quadratic term of the same with S - 3 (Draper & Smith, "Applied Regression
Analysis", 3rd ed., 1998, chapters 1 and 5). The medians keep single disturbed processes out of both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse import student
from perfkit.model import Estimate, ExponentChange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CONFIDENCE = 0.95
FEWEST_REPEATS = 3
"""Processes of one size, below which its median does not keep a disturbed one out."""
FEWEST_SIZES = 5
SMALLEST_CHANGE = 0.1
"""An exponent that changes by less over the whole range is said not to change."""
SMALLEST_BREAK = 0.3
"""A smaller change is said to come bit by bit."""
_FEWEST_FOR_LINE = 3
_ENDS = (slice(None, 3), slice(-3, None))
_FEWEST_FOR_BREAK = 6
_BEND_BEATS_BOW = 4.0
"""How many times less a broken line must scatter than a parabola to be told from it."""

METHOD = "least squares on the logarithms of each size's median, Student's t over the sizes"
_NONE = "no interval"


def exponent(sizes: Sequence[int], medians: Sequence[float], repeats: int) -> Estimate:
    """Estimate the power of the size with which a cost grows.

    Parameters
    ----------
    sizes
        Growing, at least three.
    medians
        One for each size, above 0.
    repeats
        How many processes each median is of; with fewer than three there is no interval.

    Returns
    -------
    Estimate
        Of the mean exponent over the range.

    Raises
    ------
    ValueError
        If there are fewer than three sizes or a value is not above 0.
    """
    x, y = _logs(sizes, medians)
    slope, error, _ = _term(np.column_stack([np.ones_like(x), x]), y)
    if repeats < FEWEST_REPEATS:
        return Estimate(value=slope, low=None, high=None, confidence=0.0, n=repeats, method=_NONE)
    half = student.quantile((1 + CONFIDENCE) / 2, len(x) - 2) * error
    return Estimate(
        value=slope, low=slope - half, high=slope + half, confidence=CONFIDENCE, n=repeats, method=METHOD
    )


def change(sizes: Sequence[int], medians: Sequence[float], repeats: int) -> ExponentChange | None:
    """Say how the exponent changes over the range, if that is shown at 5 %.

    A break is told from a steady change only with six sizes and more, and where a broken line scatters much
    less than a parabola; its place is one of the sizes.

    Parameters
    ----------
    sizes, medians, repeats
        As for `exponent`.

    Returns
    -------
    ExponentChange or None
        None too if there are fewer than five sizes or three repeats, which show nothing.
    """
    x, y = _logs(sizes, medians)
    n = len(x)
    if n < FEWEST_SIZES or repeats < FEWEST_REPEATS:
        return None
    ones, middle = np.ones_like(x), x - x.mean()
    quadratic = np.column_stack([ones, middle, middle**2])
    bow, bow_error, bow_scatter = _term(quadratic, y)
    if n >= _FEWEST_FOR_BREAK:
        knots = range(2, n - 2)
        found = [(_bent(x, y, knot), knot) for knot in knots]
        (bend, bend_error, bend_scatter), knot = min(found, key=lambda one: one[0][2])
        # The knot was picked among several: each is tested at its share of the 5 %.
        limit = student.quantile(1 - (1 - CONFIDENCE) / 2 / len(found), n - 3)
        if (
            abs(bend) > max(limit * bend_error, SMALLEST_BREAK)
            and _BEND_BEATS_BOW * bend_scatter < bow_scatter
        ):
            before = float(np.linalg.lstsq(_broken(x, knot), y, rcond=None)[0][1])
            return ExponentChange(small_end=before, large_end=before + bend, at=int(sizes[knot]))
    # The parabola overshoots at its ends: what is told are the lines through the three sizes at either end.
    small, large = (_term(np.column_stack([np.ones(3), x[end]]), y[end])[0] for end in _ENDS)
    shown = abs(bow) > student.quantile((1 + CONFIDENCE) / 2, n - 3) * bow_error
    return (
        ExponentChange(small_end=small, large_end=large)
        if shown and abs(large - small) >= SMALLEST_CHANGE
        else None
    )


def _logs(sizes: Sequence[int], medians: Sequence[float]) -> tuple[Floats, Floats]:
    if len(sizes) < _FEWEST_FOR_LINE or len(sizes) != len(medians) or min(*sizes, *medians) <= 0:
        raise ValueError("an exponent needs three sizes and more, each with a cost above 0")
    return np.log(np.asarray(sizes, dtype=float)), np.log(np.asarray(medians, dtype=float))


def _broken(x: Floats, knot: int) -> Floats:
    return np.column_stack([np.ones_like(x), x, np.maximum(0.0, x - x[knot])])


def _bent(x: Floats, y: Floats, knot: int) -> tuple[float, float, float]:
    return _term(_broken(x, knot), y)


def _term(columns: Floats, y: Floats) -> tuple[float, float, float]:
    """Fit by least squares: the last column's coefficient, its standard error, the sum of squares left."""
    coefficients = np.linalg.lstsq(columns, y, rcond=None)[0]
    left = float(((y - columns @ coefficients) ** 2).sum())
    free = len(y) - columns.shape[1]
    spread = np.linalg.inv(columns.T @ columns)[-1, -1]
    return float(coefficients[-1]), float(np.sqrt(left / free * spread)) if free else float("inf"), left
