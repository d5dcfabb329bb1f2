"""Arithmetic on what printed digits allow: "22.6 s" stands for every time from 22.55 to 22.65 s.

A claim is contradicted only if no values within the printed digits make it true, so every figure is carried
as the closed interval of the values it may stand for (interval arithmetic: Moore, 1966).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_SLACK = 1e-9  # relative; what the machine's arithmetic may be off by
_SURE_DIGITS = 4
_VAGUE, _ROUGH = 0.1, 0.01  # relative widths from which an interval's ends get two and three digits
_MOST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Span:
    """The values that a figure may stand for, both ends included."""

    low: float
    high: float

    def __truediv__(self, other: Span) -> Span:
        """Divide two spans that are not negative; dividing by what may be nothing has no upper end."""
        top = math.inf if other.low <= 0 else self.high / other.low
        low = max(self.low, 0.0)
        return Span(low / other.high if other.high > 0 else math.inf, top)

    def __sub__(self, other: Span) -> Span:
        return Span(self.low - other.high, self.high - other.low)

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> Span:
        """Multiply by a number, which may be negative."""
        ends = (self.low * factor, self.high * factor)
        return Span(min(ends), max(ends))

    def shift(self, by: float) -> Span:
        """Add a number to both ends."""
        return Span(self.low + by, self.high + by)

    def inverse(self) -> Span:
        """Return one divided by it."""
        return Span(1.0, 1.0) / self

    def meets(self, other: Span) -> bool:
        """Tell whether the two share a value, but for the machine's rounding."""
        slack = _SLACK * max(*(abs(end) for end in (self.low, other.low)), _finite(self.high), 1e-12)
        return self.low <= other.high + slack and other.low <= self.high + slack

    @property
    def middle(self) -> float:
        """The value in the middle; the lower end if there is no upper one."""
        return (self.low + self.high) / 2 if math.isfinite(self.high) else self.low

    @property
    def vagueness(self) -> float:
        """Its width relative to its middle; infinite without an upper end."""
        return (self.high - self.low) / abs(self.middle) if self.middle else math.inf


def around(value: float, by: float) -> Span:
    """Return the values within `by` of a value."""
    return Span(value - by, value + by)


def show(span: Span, unit: str, *, between: str = " to ") -> str:
    """Print the value if the digits determine it, else the range.

    Parameters
    ----------
    span
        What is possible.
    unit
        Printed after each value: ``x``, ``" %"``, ``" s"``.
    between
        Stands between the ends of a range.

    Returns
    -------
    str
        ``39.2x``; ``18x to 37x`` where the ends are far apart; ``at least 4.5x`` without an upper end.
    """
    if not math.isfinite(span.low):
        return "undefined"
    if not math.isfinite(span.high):
        return f"at least {digits(span.low, 2)}{unit}"
    enough = 2 if span.vagueness > _VAGUE else 3 if span.vagueness > _ROUGH else _SURE_DIGITS
    for count in range(_SURE_DIGITS, 1, -1):
        low, high = digits(span.low, count), digits(span.high, count)
        if low == high and count <= max(enough, 3):
            return f"{low}{unit}"
    for count in range(enough, _MOST_DIGITS + 1):
        low, high = digits(span.low, count), digits(span.high, count)
        if low != high:
            return f"{low}{'' if unit.startswith(' ') else unit}{between}{high}{unit}"
    return f"{digits(span.middle, 3)}{unit}"


def seconds(span: Span) -> str:
    """Print a time, or the range of it, in the unit that suits its middle."""
    for scale, unit in ((1.0, " s"), (1e-3, " ms"), (1e-6, " µs")):
        if abs(span.middle) >= scale:
            return show(span.times(1 / scale), unit)
    return show(span, " s") if span.middle == 0 else show(span.times(1e9), " ns")


def digits(value: float, count: int) -> str:
    """Print a number with so many significant digits, in full."""
    if not math.isfinite(value):
        return "∞"
    if value == 0:
        return "0"
    exponent = int(f"{value:.{count - 1}e}".partition("e")[2])
    places = count - 1 - exponent
    # A whole number is never rounded to tens: 1,234 of two digits stays readable as a figure of the report's.
    return f"{round(value, max(places, 0)) + 0.0:,.{max(places, 0)}f}"


def _finite(value: float) -> float:
    return abs(value) if math.isfinite(value) else 0.0
