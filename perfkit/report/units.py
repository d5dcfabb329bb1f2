"""Every number that a report prints is formatted here, once.

The rule of digits: *a figure is printed with the digits that its interval supports*. The last digit printed
is the place of the leading digit of half the interval's width, and the interval's ends are printed to the
same place: 186.0 in [180.2, 191.9] (half-width 5.9) is ``186x`` in ``[180, 192]``; 13.03 in [13.01, 13.05]
(half-width 0.02) is ``13.03x``. Exceptions keep the reader from being misled: a ratio has two to five
significant digits, and an interval that lies beside 1 gets as many more as it takes to show it. A figure
without an interval has three significant digits.

What is not a finite number is printed as ``n/a``, what does not exist as ``-``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Estimate

NONE = "-"
"""Printed for what does not exist, such as the time of a stage that one side lacks."""
NOT_FINITE = "n/a"
NO_INTERVAL = "n = 1: no interval"

_TIME_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTE_UNITS = ((1024**4, "TiB"), (1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))
_DIGITS = 3
_COLUMN_DIGITS = 4
_MOST_DIGITS = 5
_OF_A_SIZE = 10.0
_MOST_DECIMALS = 12
_LONG_WAIT_S = 99.5
_LEAST_WHOLE_PERCENT = 0.005  # a half rounds to the even number, which is 0
_PLAIN_TOLERANCE = 1e-2
_PLAIN_FROM, _PLAIN_TO = 1e-3, 1e3  # between these an error is easier to read without a power of ten


def significant(value: float, digits: int = _DIGITS) -> str:
    """Print a number with so many significant digits, in full and never as a power of ten.

    Parameters
    ----------
    value
        Any number; 9.996 becomes ``10.0``, because the digits are counted after rounding.
    digits
        At least 1.
    """
    if not math.isfinite(value):
        return NOT_FINITE
    return _fixed(value, digits - 1 - _exponent(value, digits))


def ratio(estimate: Estimate | None) -> str:
    """Print a speedup, such as ``186x``, with the digits that its interval supports."""
    return NONE if estimate is None else _times(bare_ratio(estimate))


def bare_ratio(estimate: Estimate) -> str:
    """Print a ratio as `ratio` does, without the ``x``: for "2.41 times slower"."""
    if not math.isfinite(estimate.value):
        return NOT_FINITE
    return _fixed(estimate.value, _decimals(estimate))


def interval(estimate: Estimate | None) -> str:
    """Print the interval of a speedup, such as ``[180, 192]``, or say that there is none."""
    if estimate is None:
        return NONE
    if estimate.low is None or estimate.high is None:
        return NO_INTERVAL
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return NOT_FINITE
    decimals = _decimals(estimate)
    return f"[{_end(estimate.low, decimals)}, {_end(estimate.high, decimals)}]"


def seconds_between(value: float, between: tuple[float, float] | None) -> str:
    """Print a time with its interval in one unit, such as ``33.1 s [32.8, 33.4]``."""
    if between is None or not math.isfinite(value):
        return seconds(value)
    scale, unit = _time_unit(value, _DIGITS)
    return _between(value / scale, between, scale, f" {unit}")


def percent_between(value: float | None, between: tuple[float, float] | None) -> str:
    """Print a share with its interval, such as ``70.1 % [69.8, 70.4]``."""
    if value is None or between is None or not math.isfinite(value):
        return percent(value)
    return _between(100 * value, between, 0.01, " %")


def _between(scaled: float, between: tuple[float, float], scale: float, unit: str) -> str:
    low, high = (one / scale for one in between)
    decimals = 1 if high <= low else min(max(0, -math.floor(math.log10((high - low) / 2))), _MOST_DIGITS)
    return f"{_fixed(scaled, decimals)}{unit} [{_fixed(low, decimals)}, {_fixed(high, decimals)}]"


def single_ratio(value: float) -> str:
    """Print the ratio of one pair, which has no interval: three significant digits."""
    return _times(significant(value))


def target(value: float) -> str:
    """Print a target as it was given: ``33.0x``."""
    return _times(repr(float(value)) if math.isfinite(value) else NOT_FINITE)


def seconds(value: float | None) -> str:
    """Print one time in the unit that suits it: ``35.2 s``, ``188 ms``, ``4.10 µs``; whole above 1000 s."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return NOT_FINITE
    scale, unit = _time_unit(value, _DIGITS)
    scaled = value / scale
    return f"{_fixed(scaled, max(0, _DIGITS - 1 - _exponent(scaled, _DIGITS)))} {unit}"


def seconds_column(values: Sequence[float | None], *, signed: bool = False) -> tuple[str, ...]:
    """Print the times of one column in one unit with the same decimals, so that rows visibly add up.

    Parameters
    ----------
    values
        Times in seconds. The largest decides the unit and gets four significant digits; ``None`` is printed
        as ``-``, and what would round to nothing as ``<0.01 s``.
    signed
        Whether a negative value is a loss rather than noise: then it does not round to nothing either, but is
        printed as ``>-0.01 s``.
    """
    finite = [abs(value) for value in values if value is not None and math.isfinite(value)]
    largest = max(finite, default=0.0)
    scale, unit = _time_unit(largest, _COLUMN_DIGITS)
    decimals = max(0, _COLUMN_DIGITS - 1 - _exponent(largest / scale, _COLUMN_DIGITS))

    def cell(value: float | None) -> str:
        if value is None:
            return NONE
        if not math.isfinite(value):
            return NOT_FINITE
        # Nothing that took time took none.
        if (value > 0 or (signed and value < 0)) and not round(value / scale, decimals):
            sign, least = ("<", 10.0**-decimals) if value > 0 else (">", -(10.0**-decimals))
            return f"{sign}{_fixed(least, decimals)} {unit}"
        return f"{_fixed(value / scale, decimals)} {unit}"

    return tuple(cell(value) for value in values)


def seconds_columns(
    left: Sequence[float | None], right: Sequence[float | None]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Print two columns of times: in one unit if they are of a size, else each in its own."""
    largest = [
        max((abs(value) for value in side if value is not None), default=0.0) for side in (left, right)
    ]
    if max(largest) < _OF_A_SIZE * min(largest):
        both = seconds_column([*left, *right])
        return both[: len(left)], both[len(left) :]
    return seconds_column(left), seconds_column(right)


def duration(value: float | None) -> str:
    """Print how long something will take, for people who wait: ``0.6 s``, ``3 s``, ``40 s``, ``1.8 min``."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return NOT_FINITE
    if value < _LONG_WAIT_S:
        return f"{significant(value, 1 if value < _OF_A_SIZE else 2)} s"
    return f"{significant(value / 60, 2)} min"


def bytes_(value: float | None) -> str:
    """Print an amount of memory or the size of a file: ``412 MiB``, ``1.20 GiB``, ``812 B``."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return NOT_FINITE
    for scale, unit in _BYTE_UNITS:
        # Half a unit of the last digit early, so that 1023.9 KiB carries over to 1.00 MiB.
        if abs(value) >= scale - scale / 2048:
            scaled = value / scale
            return f"{_fixed(scaled, max(0, _DIGITS - 1 - _exponent(scaled, _DIGITS)))} {unit}"
    return f"{_fixed(value, 0)} B"


def percent(share: float | None, decimals: int = 1) -> str:
    """Print a share of 1 as a percentage with fixed decimals, so that a column lines up: ``97.8 %``."""
    if share is None:
        return NONE
    scaled = 100 * share
    return f"{_fixed(scaled, decimals)} %" if math.isfinite(scaled) else NOT_FINITE


def share(value: float | None) -> str:
    """Print a share of 1 where room is short: ``41 %``, ``<1 %`` for what is more than nothing."""
    if value is not None and 0 < value <= _LEAST_WHOLE_PERCENT:
        return "<1 %"
    return percent(value, 0)


def level(confidence: float) -> str:
    """Print a level of confidence: ``95 %``, ``99.95 %``."""
    return f"{100 * confidence:.4g} %"


def excess(share: float) -> str:
    """Print by how much a target is exceeded or missed, two significant digits: ``1,400 %``, ``19 %``."""
    scaled = 100 * share
    if not math.isfinite(scaled):
        return NOT_FINITE
    return f"{significant(scaled, 2)} %"


def signed_error(value: float | None) -> str:
    """Print a difference or an error, signed, with two significant digits: ``1.2e-15``, ``-0.31``, ``0``."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return NOT_FINITE
    if value == 0:
        return "0"
    if _PLAIN_FROM <= abs(value) < _PLAIN_TO:
        return significant(value, 2)
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def tolerance(value: float | None) -> str:
    """Print a tolerance as people write it: ``1e-9``, ``2.5e-6``, ``0.05``."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return NOT_FINITE
    if value == 0:
        return "0"  # minus zero too
    if abs(value) >= _PLAIN_TOLERANCE:
        return f"{value:g}"
    mantissa, _, exponent = f"{value:.5e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def count(value: float) -> str:
    """Print how many: ``3,000``; a mean over the pairs that is not whole, with one decimal."""
    if not math.isfinite(value):
        return NOT_FINITE
    return _fixed(value, 0 if value == round(value) else 1)


def number(value: float) -> str:
    """Print a metric, whose meaning perfkit does not know: up to six significant digits."""
    if not math.isfinite(value):
        return NOT_FINITE
    return "0" if value == 0 else f"{value:.6g}"


def moment(text: str) -> str:
    """Print a moment in ISO 8601 as people write it: ``2026-01-02 03:04:05 UTC``."""
    return text.replace("T", " ", 1).removesuffix("+00:00") + (" UTC" if text.endswith("+00:00") else "")


# ---------------------------------------------------------------- digits


def _times(text: str) -> str:
    return text if text == NOT_FINITE else f"{text}x"


def _exponent(value: float, digits: int) -> int:
    """Return the power of ten of the leading digit, counted after rounding to so many digits."""
    return int(f"{value:.{digits - 1}e}".partition("e")[2]) if value else 0


def _fixed(value: float, decimals: int) -> str:
    """Print with so many decimals (negative: rounded to tens, hundreds), never as minus zero."""
    try:
        rounded = round(value, decimals)
    except OverflowError:  # close to the largest float there is, rounding up leaves no float
        rounded = value
    # Adding 0.0 turns minus zero into zero.
    return f"{rounded + 0.0:,.{max(0, decimals)}f}"


def _decimals(estimate: Estimate) -> int:
    """Return the place of the last digit that the interval supports, as a number of decimals."""
    leading = _exponent(estimate.value, _DIGITS)
    low, high = estimate.low, estimate.high
    without = _DIGITS - 1 - leading
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return without
    # A hair more than half, so that a half-width of 0.1 that the machine holds as 0.0999... counts as 0.1.
    half = (high - low) / 2 * (1 + 1e-9)
    decimals = -math.floor(math.log10(half))
    decimals = min(max(decimals, 1 - leading), _MOST_DIGITS - 1 - leading)
    while decimals < _MOST_DECIMALS and (
        (low > 1 and round(low, decimals) <= 1) or (high < 1 and round(high, decimals) >= 1)
    ):
        decimals += 1
    return decimals


def _end(value: float, decimals: int) -> str:
    """Print one end of an interval; an end that the place would round to nothing keeps one digit."""
    return _fixed(value, max(decimals, -_exponent(value, 1)) if value > 0 else decimals)


def _time_unit(value: float, digits: int) -> tuple[float, str]:
    """Choose the largest unit in which the rounded value is at least 1."""
    rounded = float(f"{abs(value):.{digits - 1}e}")
    for scale, unit in _TIME_UNITS:
        if rounded >= scale:
            return scale, unit
    return _TIME_UNITS[0] if rounded == 0 else _TIME_UNITS[-1]
