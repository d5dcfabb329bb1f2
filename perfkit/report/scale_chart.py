"""The chart of the growth: cost against size on logarithmic axes, each variant with its intervals and fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter

from perfkit.report import canvas, scale, units
from perfkit.report.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from perfkit.model import Growth, ScalingReport

_PAD = 18.0
_LEFT = 52.0  # for the labels of an axis
_MAIN_WIDTH, _MAIN_HEIGHT = 610.0, 250.0
_SMALL_HEIGHT = 104.0
_PER_ROW = 3
_MOST_STAGES = 6
_ROW_GAP = 46.0
_HEAD = 46.0
_FOOT = 42.0
_WORTH_A_PANEL_BYTES = 1024 * 1024
_MARKS = ("o", "s", "^", "D")
_POINTS = 120


def draw(report: ScalingReport) -> str:
    """Draw the total, then the costliest stages and the memory, smaller.

    Parameters
    ----------
    report
        What was measured and found.

    Returns
    -------
    str
        An SVG, the same bytes for the same report.
    """
    names = [clean(one.name) for one in report.scaling.variants]
    panels = _panels(report)
    written = "".join([*names, clean(report.scaling.parameter), *(title for title, _ in panels)])
    return canvas.svg(
        lambda: _figure(report, names, panels),
        title=f"Growth of {clean(report.scaling.pipeline.name)}",
        written=written,
    )


def _panels(report: ScalingReport) -> list[tuple[str, list[Growth]]]:
    """Return the small panels: the costliest stages in their order, and the memory."""
    stages = dict.fromkeys(one.stage for one in report.growths if one.stage)
    found = {stage: [one for one in report.growths if one.stage == stage] for stage in stages}
    cost = {stage: max(one.costs[-1].median for one in ones) for stage, ones in found.items()}
    kept = sorted(stages, key=lambda stage: -cost[stage])[:_MOST_STAGES]
    panels = [(clean(stage), found[stage]) for stage in stages if stage in kept]
    memory = [one for one in report.growths if one.quantity == "memory"]
    worth = any(one.costs[-1].median >= _WORTH_A_PANEL_BYTES for one in memory)
    return [*panels, ("memory of run", memory)] if worth else panels


def _figure(
    report: ScalingReport, names: Sequence[str], panels: Sequence[tuple[str, list[Growth]]]
) -> Figure:
    rows = math.ceil(len(panels) / _PER_ROW)
    width = _LEFT + _MAIN_WIDTH + 2 * _PAD
    height = _HEAD + _MAIN_HEIGHT + rows * (_SMALL_HEIGHT + _ROW_GAP) + _FOOT + _PAD
    figure = Figure(figsize=(width / canvas.POINTS, height / canvas.POINTS), facecolor="none")
    canvas.card(figure, width, height)

    def axes_at(left: float, top: float, across: float, down: float) -> Axes:
        return figure.add_axes((left / width, 1 - (top + down) / height, across / width, down / height))

    colours = dict(zip((one.name for one in report.scaling.variants), canvas.COLOURS, strict=False))
    x = _PAD + _LEFT
    for name, colour, mark in zip(names, canvas.COLOURS, _MARKS, strict=False):
        swatch = axes_at(x, 16, 10, 10)
        swatch.plot([0], [0], marker=mark, color=colour, markersize=6, clip_on=False)
        swatch.axis("off")
        figure.text((x + 16) / width, 1 - 25 / height, name, color=canvas.INK)
        x += 16 + canvas.width(name) + 22
    main = axes_at(_PAD + _LEFT, _HEAD, _MAIN_WIDTH, _MAIN_HEIGHT)
    totals = [one for one in report.growths if not one.stage and one.quantity == "time"]
    _panel(main, totals, report, colours, large=True)
    _cross(main, report)
    main.set_xlabel(clean(report.scaling.parameter), color=canvas.QUIET, fontsize=8, labelpad=3)
    gap = _LEFT + 4
    across = (_MAIN_WIDTH - (_PER_ROW - 1) * gap) / _PER_ROW
    for index, (title, growths) in enumerate(panels):
        row, column = divmod(index, _PER_ROW)
        top = _HEAD + _MAIN_HEIGHT + _FOOT + 22 + row * (_SMALL_HEIGHT + _ROW_GAP)
        axes = axes_at(_PAD + _LEFT + column * (across + gap), top, across, _SMALL_HEIGHT)
        _panel(axes, growths, report, colours, large=False)
        axes.set_title(_shortened(title, across), loc="left", fontsize=8.5, color=canvas.INK, pad=5)
    return figure


def _shortened(title: str, room: float) -> str:
    """Cut a long path at its start, where the parents stand."""
    short = title
    while canvas.width(short, 8.5) > room and len(short) > 1:
        title = title[1:]
        short = f"…{title}"
    return short


def _panel(
    axes: Axes, growths: Sequence[Growth], report: ScalingReport, colours: dict[str, str], *, large: bool
) -> None:
    axes.set_xscale("log")
    memory = bool(growths) and growths[0].quantity == "memory"
    axes.set_yscale("log", base=2 if memory else 10)
    sizes = report.scaling.sizes
    end = sizes[-1] * (sizes[-1] / sizes[0]) ** 0.18 if large else sizes[-1] * 1.15
    axes.set_xlim(sizes[0] / 1.15, end)
    labels = []
    for growth in growths:
        place = [one.name for one in report.scaling.variants].index(growth.variant)
        found = _curve(axes, growth, colours[growth.variant], _MARKS[place], large=large)
        if found is not None:
            labels.append((found, growth))
    _axis(axes, sizes, large=large, memory=memory)
    if large:
        _label(axes, labels, colours)


def _curve(axes: Axes, growth: Growth, colour: str, mark: str, *, large: bool) -> float | None:
    """Draw the points with their intervals and the fitted line; returns the last point's height."""
    points = [one for one in growth.costs if one.median > 0]
    if not points:
        return None
    x, y = [one.size for one in points], [one.median for one in points]
    fitted = _fitted(growth, x, y)
    if fitted is not None:
        # A power where no named law fits is drawn as what it is, a mean.
        style: Any = "-" if any(one.possible for one in growth.laws) else (0, (3, 2))
        width = 1.4 if large else 1.1
        axes.plot(*fitted, color=colour, linewidth=width, alpha=0.75, zorder=2, linestyle=style)
    down = [one.median - (one.low if one.low is not None else one.median) for one in points]
    up = [(one.high if one.high is not None else one.median) - one.median for one in points]
    axes.errorbar(
        x,
        y,
        yerr=[np.maximum(down, 0), np.maximum(up, 0)],
        fmt=mark,
        color=colour,
        ecolor=colour,
        elinewidth=1.2 if large else 0.9,
        capsize=3 if large else 1.5,
        markersize=5.5 if large else 3.2,
        zorder=3,
    )
    return y[-1]


def _fitted(growth: Growth, x: Sequence[int], y: Sequence[float]) -> tuple[Any, Any] | None:
    """Return the line of the best law, or of the power if no law fits; nothing where neither is told."""
    n = np.geomspace(x[0], x[-1], _POINTS)
    best = next((one for one in growth.laws if one.possible), None)
    if best is not None:
        return n, best.offset + best.factor * n**best.power * (np.log(n) if best.log else 1.0)
    if growth.exponent is None:
        return None
    level = float(np.mean(np.log(y) - growth.exponent.value * np.log(x)))
    return n, np.exp(level) * n**growth.exponent.value


def _axis(axes: Axes, sizes: Sequence[int], *, large: bool, memory: bool) -> None:
    axes.xaxis.set_major_locator(FixedLocator(list(sizes) if large else [sizes[0], sizes[-1]]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()
    if memory:
        axes.yaxis.set_major_locator(LogLocator(base=2, numticks=6))
        axes.yaxis.set_major_formatter(
            lambda value, _: units.bytes_(value).replace(".00", "").replace(".0", "")
        )
    else:
        axes.yaxis.set_major_formatter(lambda value, _: canvas.time_tick(value))
    axes.tick_params(length=0, colors=canvas.QUIET, labelsize=8 if large else 7, pad=4)
    axes.grid(color=canvas.RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_facecolor("none")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(canvas.RULE)


def _label(axes: Axes, labels: Sequence[tuple[float, Growth]], colours: dict[str, str]) -> None:
    """Write each exponent beside the last point, moved apart where they would touch."""
    transform = axes.transData.transform
    taken: list[float] = []
    for height, growth in sorted(labels, key=lambda one: one[0]):
        if growth.exponent is None:
            continue
        _, y = transform((growth.costs[-1].size, height))
        place = max([y, *(one + 26 for one in taken)])
        taken.append(place)
        axes.annotate(
            f"exponent {scale.exponent(growth.exponent)}\n{scale.interval(growth.exponent)}",
            (growth.costs[-1].size, height),
            xytext=(10, (place - y) * canvas.POINTS / axes.figure.dpi),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color=canvas.INK if colours[growth.variant] == canvas.COLOURS[0] else colours[growth.variant],
            annotation_clip=False,
        )


def _cross(axes: Axes, report: ScalingReport) -> None:
    """Mark where one variant overtakes another, with the interval as a band."""
    low_end, high_end = axes.get_xlim()
    for one in report.crossings:
        if one.stage:
            continue
        low = max(one.low if one.low is not None else low_end, low_end)
        high = min(one.high if one.high is not None else high_end, high_end)
        axes.axvspan(low, high, color=canvas.RULE, alpha=0.45, linewidth=0, zorder=0)
        if low_end < one.size < high_end:
            axes.axvline(one.size, color=canvas.QUIET, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
            axes.annotate(
                f"crossover {scale.size(one.size)}",
                (one.size, 1),
                xycoords=("data", "axes fraction"),
                xytext=(4, -3),
                textcoords="offset points",
                va="top",
                fontsize=8,
                color=canvas.QUIET,
            )
