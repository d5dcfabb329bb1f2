"""The chart of a history: the speedup of each comparison with its interval, its levels and its changes."""

from __future__ import annotations

import itertools
import math
import statistics
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from perfkit.report import canvas, history, units
from perfkit.report.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from perfkit.model.history import History, Series, Shift

_PAD = 18.0
_LEFT = 52.0  # for the labels of an axis
_MAIN_WIDTH, _MAIN_HEIGHT = 610.0, 200.0
_SMALL_HEIGHT = 84.0
_TIMES_HEIGHT = 84.0
_PER_ROW = 3
_MOST_STAGES = 6
_ROW_GAP = 40.0
_HEAD = 44.0
_FOOT = 62.0  # for the commits below the axis
_MOST_LABELS = 14
_CROWDED = 80
_FALL, _RISE = "#b3261e", "#1a7f37"


def draw(found: History, series: Series) -> str:
    """Draw one series: its speedup, then its costliest stages, then the times, which are not paired.

    Parameters
    ----------
    found
        The history that the series is of.

    Returns
    -------
    str
        An SVG, the same bytes for the same history.
    """
    stage = found.stage or ""
    panels = [] if stage else _costliest(series)
    names = [clean(one) for one in (series.contender, series.baseline, stage, *panels)]
    return canvas.svg(
        lambda: _figure(series, stage, panels),
        title=f"History of {clean(found.pipeline)}",
        written="".join(names),
    )


def _costliest(series: Series) -> list[str]:
    """Return the stages on which the baseline spends most, in their order."""

    def cost(stage: str) -> float:
        return statistics.median(one.baseline_s[stage] for one in series.points if stage in one.baseline_s)

    stages = [one for one in series.stages if one]
    kept = sorted(stages, key=cost, reverse=True)[:_MOST_STAGES]
    return [one for one in stages if one in kept]


def _figure(series: Series, stage: str, panels: Sequence[str]) -> Figure:
    rows = math.ceil(len(panels) / _PER_ROW)
    small = rows * (_SMALL_HEIGHT + _ROW_GAP)
    width = _LEFT + _MAIN_WIDTH + 2 * _PAD
    height = _HEAD + _MAIN_HEIGHT + _FOOT + 30 + small + _TIMES_HEIGHT + _PAD
    figure = Figure(figsize=(width / canvas.POINTS, height / canvas.POINTS), facecolor="none")
    canvas.card(figure, width, height)

    def axes_at(left: float, top: float, across: float, down: float) -> Axes:
        return figure.add_axes((left / width, 1 - (top + down) / height, across / width, down / height))

    of = f", stage {clean(stage)}" if stage else ""
    title = f"Speedup of {clean(series.contender)} over {clean(series.baseline)}{of}, with 95 % intervals"
    figure.text((_PAD + _LEFT) / width, 1 - 26 / height, title, color=canvas.INK)
    main = axes_at(_PAD + _LEFT, _HEAD, _MAIN_WIDTH, _MAIN_HEIGHT)
    _panel(main, series, stage, large=True)
    _commits(main, series)
    gap = _LEFT + 4
    across = (_MAIN_WIDTH - (_PER_ROW - 1) * gap) / _PER_ROW
    top = _HEAD + _MAIN_HEIGHT + _FOOT + 16
    for index, path in enumerate(panels):
        row, column = divmod(index, _PER_ROW)
        left = _PAD + _LEFT + column * (across + gap)
        axes = axes_at(left, top + row * (_SMALL_HEIGHT + _ROW_GAP), across, _SMALL_HEIGHT)
        _panel(axes, series, path, large=False)
        axes.xaxis.set_major_locator(NullLocator())
        axes.set_title(_shortened(clean(path), across), loc="left", fontsize=8.5, color=canvas.INK, pad=5)
    times = axes_at(_PAD + _LEFT, top + small + 14, _MAIN_WIDTH, _TIMES_HEIGHT)
    _times(times, series, stage)
    return figure


def _shortened(title: str, room: float) -> str:
    """Cut a long path at its start, where the parents stand."""
    short = title
    while canvas.width(short, 8.5) > room and len(title) > 1:
        title = title[1:]
        short = f"…{title}"
    return short


def _panel(axes: Axes, series: Series, stage: str, *, large: bool) -> None:
    """Draw the speedups of one stage, the levels between its changes, and the changes."""
    found = [(index, one.speedups[stage]) for index, one in enumerate(series.points) if stage in one.speedups]
    shifts = [one for one in series.shifts if one.stage == stage]
    x, y = [index for index, _ in found], [one.value for _, one in found]
    axes.set_yscale("log")
    down = [one.value - (one.low if one.low and one.low > 0 else one.value) for _, one in found]
    up = [(one.high or one.value) - one.value for _, one in found]
    crowded = len(series.points) > _CROWDED
    axes.errorbar(
        x,
        y,
        yerr=[np.maximum(down, 0), np.maximum(up, 0)],
        fmt="o",
        color=canvas.COLOURS[1],
        ecolor=canvas.COLOURS[1],
        elinewidth=(0.5 if crowded else 1.0) if large else 0.5,
        markersize=(2.2 if crowded else 4.0) if large else 1.8,
        alpha=0.85,
        zorder=3,
    )
    _levels(axes, x, y, shifts)
    _axis(axes, series, large=large)
    _ratios(axes)
    if large:
        _label(axes, shifts)


def _levels(axes: Axes, x: Sequence[int], y: Sequence[float], shifts: Sequence[Shift]) -> None:
    cuts = [0, *(x.index(one.index) for one in shifts), len(x)]
    for first, last in itertools.pairwise(cuts):
        if last > first:
            level = math.exp(statistics.fmean(math.log(one) for one in y[first:last]))
            axes.hlines(level, x[first] - 0.4, x[last - 1] + 0.4, color=canvas.INK, linewidth=1.0, zorder=2)
    for one in shifts:
        colour = _FALL if one.ratio.value < 1 else _RISE
        axes.axvline(one.index - 0.5, color=colour, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)


def _axis(axes: Axes, series: Series, *, large: bool) -> None:
    n = len(series.points)
    axes.set_xlim(-0.7, n - 0.3)
    axes.tick_params(length=0, colors=canvas.QUIET, labelsize=8 if large else 7, pad=4)
    axes.grid(axis="y", color=canvas.RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_facecolor("none")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(canvas.RULE)


def _ratios(axes: Axes) -> None:
    """Give the ratios a few round ticks, also where they span less than a power of ten."""
    low, high = axes.get_ylim()
    if high / low < 1.2:  # noqa: PLR2004  a logarithmic axis would have no tick
        middle = math.sqrt(low * high)
        low, high = min(low, middle / 1.1), max(high, middle * 1.1)
        axes.set_ylim(low, high)
    axes.yaxis.set_minor_locator(NullLocator())
    subs = (1.0,) if high / low > 50 else (1.0, 2.0, 5.0) if high / low > 5 else None  # noqa: PLR2004  ticks
    if subs is not None:
        axes.yaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
    else:
        axes.yaxis.set_major_locator(FixedLocator(_round_between(low, high)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}x"))


def _round_between(low: float, high: float) -> list[float]:
    """Return three to six round numbers between two."""
    span = high - low
    step = 10.0 ** math.floor(math.log10(span))
    fitting = next((step * by for by in (0.2, 0.5, 1.0, 2.0) if span / (step * by) <= 6), step)  # noqa: PLR2004  ticks
    first = math.ceil(low / fitting)
    return [fitting * index for index in range(first, math.floor(high / fitting) + 1)]


def _label(axes: Axes, shifts: Sequence[Shift]) -> None:
    """Write by how much each change changed, above its line; neighbours at another height."""
    for index, one in enumerate(shifts):
        colour = _FALL if one.ratio.value < 1 else _RISE
        axes.annotate(
            units.ratio(one.ratio),
            (one.index - 0.5, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -2 - 10 * (index % 2)),
            textcoords="offset points",
            va="top",
            fontsize=8,
            color=colour,
            # On the card's colour, so that a point behind it does not spoil the figure.
            bbox={"facecolor": canvas.CARD, "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
            zorder=4,
        )


def _commits(axes: Axes, series: Series) -> None:
    """Name some comparisons below the axis: by commit, or by date."""
    n = len(series.points)
    step = math.ceil(n / _MOST_LABELS)
    places = list(range(n - 1, -1, -step))[::-1]
    labels = [
        history.commit(series.points[one])
        if series.points[one].commit
        else series.points[one].started_at[:10]
        for one in places
    ]
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.set_xticks(places, labels, rotation=40, ha="right", rotation_mode="anchor", fontsize=7)


def _times(axes: Axes, series: Series, stage: str) -> None:
    """Draw the medians of both sides' times, as points alone: nothing joins one session to the next."""
    axes.set_yscale("log")
    found = [(index, one) for index, one in enumerate(series.points) if stage in one.contender_s]
    x = [index for index, _ in found]
    size = 1.8 if len(x) > _CROWDED else 3.0
    sides = (
        (canvas.COLOURS[0], "s", [one.baseline_s[stage] for _, one in found]),
        (canvas.COLOURS[1], "o", [one.contender_s[stage] for _, one in found]),
    )
    for colour, shape, y in sides:
        axes.plot(x, y, shape, color=colour, markersize=size)
    _axis(axes, series, large=False)
    axes.xaxis.set_major_locator(NullLocator())
    axes.yaxis.set_minor_locator(NullLocator())
    axes.margins(y=0.12)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: canvas.time_tick(value)))
    names = f"{clean(series.baseline)} (grey) and {clean(series.contender)} (blue)"
    title = f"Time of {names}: from different sessions, not paired"
    axes.set_title(title, loc="left", fontsize=8.5, color=canvas.QUIET, pad=5)
