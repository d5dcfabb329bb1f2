"""The speedup of each pair as a small SVG: what the interval rests on, and whether it drifted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from markupsafe import Markup

from perfkit.report import units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Report

_WIDTH, _SIDE, _TOP, _FOOT = 560.0, 16.0, 8.0, 20.0
_LEAST_HEIGHT, _MOST_HEIGHT, _ROW = 24.0, 96.0, 7.0
_DOT = 2.6
_MARGIN = 0.06
"""Of the range, left free at both ends."""
_NARROWEST = 0.02  # of a natural logarithm: a range below it would show noise as if it were large
_TICKS = 5
_NEAR_ONE = 1.5
"""The line at 1 is drawn if the nearest pair is not farther away: a large speedup needs no such line."""


def draw(report: Report) -> Markup:
    """Draw the ratio of each pair, the first one at the top, over the interval of the speedup.

    Parameters
    ----------
    report
        With the timed runs of its pairs.

    Returns
    -------
    Markup
        An SVG element that takes its colours from the style sheet around it; empty if no pair has a ratio.
    """
    run = report.breakdown.run
    ratios = [one for one in _ratios(report) if one is not None]
    if not ratios:
        return Markup("")
    ends = [*ratios, run.value, *(one for one in (run.low, run.high) if one is not None and one > 0)]
    if min(ends) < _NEAR_ONE and max(ends) > 1 / _NEAR_ONE:
        ends.append(1.0)
    low, high = math.log(min(ends)), math.log(max(ends))
    pad = max((high - low) * _MARGIN, (_NARROWEST - (high - low)) / 2, 1e-3)
    low, high = low - pad, high + pad

    def x(ratio: float) -> float:
        return _SIDE + (math.log(ratio) - low) / (high - low) * (_WIDTH - 2 * _SIDE)

    body = min(max(_LEAST_HEIGHT, _ROW * len(ratios)), _MOST_HEIGHT)
    bottom = _TOP + body
    parts = [_line("rule", _SIDE, bottom, _WIDTH - _SIDE, bottom)]
    if run.low is not None and run.high is not None and run.low > 0:
        left, right = x(run.low), x(run.high)
        band = Markup('<rect class="band" x="{}" y="{}" width="{}" height="{}" fill="#0969b2" {}/>')
        size = _at(left), _at(_TOP), _at(max(1.0, right - left)), _at(body)
        parts.append(band.format(*size, Markup('fill-opacity=".2"')))
    if math.exp(low) < 1 < math.exp(high):
        parts.append(_line("one", x(1.0), _TOP, x(1.0), bottom))
    parts.append(_line("middle", x(run.value), _TOP, x(run.value), bottom))
    step = body / len(ratios)
    for index, ratio in enumerate(ratios):
        parts.append(
            Markup('<circle class="after" cx="{}" cy="{}" r="{}" fill="#0969b2"/>').format(
                _at(x(ratio)), _at(_TOP + (index + 0.5) * step), _at(_DOT)
            )
        )
    for tick in ticks(math.exp(low), math.exp(high)):
        parts.append(_line("rule", x(tick), bottom, x(tick), bottom + 3))
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="middle">{:.4g}x</text>').format(
                _at(x(tick)), _at(bottom + 15), tick
            )
        )
    height = bottom + _FOOT
    label = f"Speedup of each of {len(ratios)} pairs: {units.ratio(run)} {units.interval(run)}"
    return Markup(
        '<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>'
    ).format(_at(_WIDTH), _at(height), _at(_WIDTH), _at(height), label, Markup("").join(parts))


def ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers between two, at even distances where the range is narrow.

    Parameters
    ----------
    low, high
        Both above 0.
    """
    if high / low > 10:  # noqa: PLR2004  a decade
        steps: Sequence[float] = (1.0, 2.0, 5.0)
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        found = [step * 10.0**one for one in decades for step in steps if low <= step * 10.0**one <= high]
        return found[:: max(1, math.ceil(len(found) / _TICKS))]
    unit = 10.0 ** math.floor(math.log10((high - low) / _TICKS))
    for step in (unit, 2 * unit, 5 * unit, 10 * unit):  # the finest that gives a few: at least two lie inside
        inside = range(math.ceil(low / step), math.floor(high / step) + 1)
        if len(inside) <= _TICKS:
            break
    return [round(index * step, 12) for index in inside]


def _ratios(report: Report) -> list[float | None]:
    found: list[float | None] = []
    for pair in report.comparison.pairs:
        baseline, contender = report.timing_runs[pair.baseline_run], report.timing_runs[pair.contender_run]
        usable = baseline.run_s > 0 and contender.run_s > 0
        found.append(baseline.run_s / contender.run_s if usable else None)
    return found


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}" stroke="#8a949f"/>').format(
        kind, _at(x1), _at(y1), _at(x2), _at(y2)
    )


def _at(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
