"""At which size one variant overtakes another, with its interval.

At each size the pairs' log ratios have an interval. Between two sizes that decide differently the band of
these intervals, drawn straight on logarithmic axes, crosses zero: where its two edges do is the interval of
the size, where its middle does is the size (inverting a confidence band, as Fieller's theorem does for a
line). Beyond the last size, at either end, the line through the three nearest sizes is followed a little.
"""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse import student

if TYPE_CHECKING:
    from collections.abc import Sequence

BEYOND = 2.0
"""A crossing is looked for up to this factor beyond the sizes that were measured."""
_NEAREST = 3
_STEPS = 400
_FARTHEST = 4.0  # times the measured range's end: where the search for an interval's end gives up


@dataclass(frozen=True, slots=True)
class Side:
    """The log ratio of two times at one size: its middle and its interval, and the pairs it is of."""

    size: int
    middle: float
    low: float
    high: float
    pairs: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A crossing; `rising` if the log ratio is below zero before and above it after."""

    size: float
    low: float | None
    high: float | None
    rising: bool
    measured: bool


def crossings(sides: Sequence[Side]) -> tuple[Found, ...]:
    """Find where the log ratio of two times passes zero.

    Parameters
    ----------
    sides
        In order of size.

    Returns
    -------
    tuple of Found
        Those between sizes whose intervals lie on different sides of zero; if there is none, one a little
        beyond either end, where the line that leads there passes zero and is itself not in doubt.
    """
    decided = [(index, _sign(one)) for index, one in enumerate(sides) if _sign(one)]
    found = []
    for (first, before), (last, after) in itertools.pairwise(decided):
        if before != after:
            found.append(_between(sides[first : last + 1], rising=after > 0))
    if found or len(decided) < _NEAREST:
        return tuple(found)
    beyond = [_beyond(sides[-_NEAREST:], upwards=True), _beyond(sides[:_NEAREST], upwards=False)]
    return tuple(one for one in beyond if one is not None)


def _sign(side: Side) -> int:
    return 1 if side.low > 0 else -1 if side.high < 0 else 0


def _between(sides: Sequence[Side], *, rising: bool) -> Found:
    """Cross zero between the first and the last of these sizes, which decide differently."""
    x = [math.log(one.size) for one in sides]
    middle = [_passes(x, [one.middle for one in sides], last=last) for last in (False, True)]
    early, late = ([one.high for one in sides], [one.low for one in sides])
    if not rising:
        early, late = late, early
    return Found(
        size=math.exp(statistics.fmean(middle)),
        low=math.exp(_passes(x, early, last=False)),
        high=math.exp(_passes(x, late, last=True)),
        rising=rising,
        measured=True,
    )


def _passes(x: Sequence[float], y: Sequence[float], *, last: bool) -> float:
    """Return where a broken line, whose ends lie on different sides of zero, passes it first or last."""
    steps = [i for i in range(len(x) - 1) if (y[i] > 0) != (y[i + 1] > 0)]
    i = steps[-1 if last else 0]
    return x[i] + (x[i + 1] - x[i]) * y[i] / (y[i] - y[i + 1])


def _beyond(sides: Sequence[Side], *, upwards: bool) -> Found | None:
    """Follow the line through these sizes a little beyond their end."""
    points = [(math.log(one.size), value) for one in sides for value in one.pairs]
    n = len(points)
    mean_x, mean_y = statistics.fmean(x for x, _ in points), statistics.fmean(y for _, y in points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * y for x, y in points) / spread
    free = n - 2
    if free < 1 or not slope:
        return None
    left = sum((y - mean_y - slope * (x - mean_x)) ** 2 for x, y in points) / free
    t = student.quantile(0.975, free)
    end = math.log(sides[-1 if upwards else 0].size)
    at = mean_x - mean_y / slope
    toward = 1 if upwards else -1
    if not 0 < toward * (at - end) <= math.log(BEYOND):
        return None

    def edge(x: float, which: int) -> float:
        half = t * math.sqrt(left * (1 / n + (x - mean_x) ** 2 / spread))
        return mean_y + slope * (x - mean_x) + which * half

    ends: list[float | None] = []
    before = 1 if mean_y > 0 else -1
    for which in (-before, before):  # the edge nearer to zero comes first, the other one last
        steps = (end + toward * math.log(_FARTHEST) * step / _STEPS for step in range(_STEPS + 1))
        ends.append(next((x for x in steps if edge(x, which) * before <= 0), None))
    near, far = ends
    low, high = (near, far) if upwards else (far, near)
    return Found(
        size=math.exp(at),
        low=None if low is None else math.exp(low),
        high=None if high is None else math.exp(high),
        rising=(slope > 0),
        measured=False,
    )
