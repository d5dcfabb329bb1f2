"""The chart of the breakdown: two bars for each stage, as an SVG that is the same bytes for the same report.

Drawn with matplotlib's objects alone: pyplot would keep a state of its own and choose a backend.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from perfkit.report import canvas, units
from perfkit.report.text import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from perfkit.model import Report, StageRow

_LOG_FROM = 30.0
"""A range above which the short bars of a linear axis could no longer be told from nothing."""
_WORTH_A_ROW = 0.01
"""What no stage covers gets bars from this share of either total on."""
_ROW = 30.0
_BAR = 10.5
_PLOT = 330.0
_PAD = 16.0
_GAP = 10.0
_HEAD = 40.0
_FOOT = 40.0
_SPARE = 0.25  # of a row, below the last one
_INDENT = 14.0
_SWATCH = 10.0
_LABEL_ROOM = 62.0  # for the time at the end of the longest bar


class _Card(NamedTuple):
    """Where things stand on the card, in points from its left and lower edges."""

    left: float  # of the bars
    plot: float  # width of the bars' axes
    speedups: float  # right edge of the speedups
    width: float
    height: float


class _Entry(NamedTuple):
    """One row of the chart, in strings and seconds."""

    name: str
    depth: int
    total: bool
    baseline_s: float | None
    contender_s: float | None
    speedup: str
    interval: str


def stages(report: Report) -> str:
    """Draw the time of each stage in both variants, with its speedup at the right.

    Parameters
    ----------
    report
        What was measured and found. Own code of a stage with children has no bars; the table has it.

    Returns
    -------
    str
        An SVG. Text is drawn as outlines, so that it looks the same wherever it is shown; only where a name
        has characters that the font lacks is text left to the viewer's fonts.
    """
    entries = [_entry(row) for row in report.breakdown.rows if _has_bars(row, report)]
    names = clean(report.comparison.baseline.name), clean(report.comparison.contender.name)
    written = "".join([*names, *(entry.name for entry in entries)])
    return canvas.svg(
        lambda: _draw(entries, names),
        title=f"Stages of {clean(report.comparison.pipeline.name)}",
        written=written,
    )


def _has_bars(row: StageRow, report: Report) -> bool:
    if row.kind == "outside stages":
        totals = (
            (row.baseline_s, report.breakdown.baseline_s),
            (row.contender_s, report.breakdown.contender_s),
        )
        return any(part is not None and part > _WORTH_A_ROW * whole for part, whole in totals)
    return row.kind in {"stage", "total"}


def _entry(row: StageRow) -> _Entry:
    name = row.path.rpartition("/")[2] if row.kind == "stage" else row.kind
    return _Entry(
        name=clean(name),
        depth=row.depth,
        total=row.kind == "total",
        baseline_s=row.baseline_s,
        contender_s=row.contender_s,
        speedup=units.ratio(row.speedup),
        interval=units.interval(row.speedup) if row.speedup else "",
    )


def _draw(entries: list[_Entry], names: tuple[str, str]) -> Figure:
    """Lay the card out in points, then put the axes on it."""
    left = _PAD + max(canvas.width(one.name, weight="bold") + _INDENT * one.depth for one in entries) + _GAP
    speedups = max(canvas.width(one.speedup, weight="bold") for one in entries)
    right = speedups + _GAP + max(canvas.width(one.interval) for one in entries) + _PAD
    legend = sum(canvas.width(name) + _SWATCH + 3 * _GAP for name in names)
    plot = max(_PLOT, legend - _LABEL_ROOM)
    width = left + plot + _LABEL_ROOM + right
    height = _HEAD + _ROW * (len(entries) + _SPARE) + _FOOT
    card = _Card(
        left=left, plot=plot, speedups=left + plot + _LABEL_ROOM + speedups, width=width, height=height
    )
    figure = Figure(figsize=(width / canvas.POINTS, height / canvas.POINTS), facecolor="none")
    canvas.card(figure, width, height)
    axes = figure.add_axes(
        (left / width, _FOOT / height, plot / width, _ROW * (len(entries) + _SPARE) / height)
    )
    _axis(axes, entries)
    for index, entry in enumerate(entries):
        _row(axes, entry, index, card)
    _head(figure, card, names)
    return figure


def _box(figure: Figure, card: _Card, at: tuple[float, float, float, float], **style: Any) -> None:
    """Draw a rectangle: left, bottom, width, height in points."""
    x, y, width, height = at
    scaled = ((x / card.width, y / card.height), width / card.width, height / card.height)
    figure.add_artist(Rectangle(*scaled, transform=figure.transFigure, **style))


def _head(figure: Figure, card: _Card, names: tuple[str, str]) -> None:
    """Name the two colours, and the column of speedups, above the bars."""
    base = card.height - 26
    x = card.left
    for name, colour in zip(names, (canvas.COLOURS[0], canvas.COLOURS[1]), strict=True):
        _box(figure, card, (x, base - 1, _SWATCH, _SWATCH), facecolor=colour, linewidth=0)
        figure.text((x + _SWATCH + 5) / card.width, base / card.height, name, color=canvas.INK)
        x += _SWATCH + canvas.width(name) + 3 * _GAP
    figure.text(card.speedups / card.width, base / card.height, "speedup", color=canvas.QUIET, ha="right")


def _axis(axes: Axes, entries: list[_Entry]) -> None:
    """Scale the time axis: logarithmic where the range demands it."""
    times = [time for one in entries for time in (one.baseline_s, one.contender_s) if time and time > 0]
    longest, shortest = max(times, default=1.0), min(times, default=1.0)
    log = longest / shortest > _LOG_FROM
    if log:
        axes.set_xscale("log")
        axes.set_xlim(10 ** (math.floor(math.log10(shortest * 0.8))), longest)
    else:
        axes.set_xlim(0, longest)
    axes.set_ylim(len(entries) - 0.5 + _SPARE, -0.5)
    axes.set_yticks([])
    axes.xaxis.set_major_formatter(lambda value, _: "0" if value == 0 else canvas.time_tick(value))
    axes.xaxis.minorticks_off()
    axes.tick_params(axis="x", length=0, colors=canvas.QUIET, labelsize=8, pad=4)
    axes.grid(axis="x", color=canvas.RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_facecolor("none")
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)
    axes.spines["left"].set_color(canvas.QUIET)
    axes.set_xlabel(
        "wall time, log scale" if log else "wall time", color=canvas.QUIET, fontsize=8, labelpad=3
    )


def _row(axes: Axes, entry: _Entry, index: int, card: _Card) -> None:
    """Draw one stage: its name, its two bars with their times, its speedup."""

    def write(text: str, x: float, **style: Any) -> None:
        axes.annotate(
            text,
            (0, index),
            xycoords=("axes fraction", "data"),
            xytext=(x - card.left, 0),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
            **style,
        )

    weight = "bold" if entry.total else "normal"
    write(entry.name, _PAD + _INDENT * entry.depth, color=canvas.INK, fontweight=weight)
    write(entry.speedup, card.speedups, color=canvas.INK, fontweight="bold", ha="right")
    write(entry.interval, card.speedups + _GAP, color=canvas.QUIET)
    start = axes.get_xlim()[0]
    height = _BAR / _ROW
    sides = (
        (entry.baseline_s, -height / 2, canvas.COLOURS[0]),
        (entry.contender_s, height / 2, canvas.COLOURS[1]),
    )
    for time, shift, colour in sides:
        end = max(time or 0.0, start)
        axes.barh(index + shift, end - start, left=start, height=height, color=colour, linewidth=0)
        axes.annotate(
            units.seconds(time),
            (end, index + shift),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            color=canvas.QUIET,
            fontsize=7.5,
            annotation_clip=False,
        )
    if entry.total:
        ends = (_PAD - card.left) / card.plot, (card.width - _PAD - card.left) / card.plot
        across = axes.get_yaxis_transform()
        axes.plot(ends, [index - 0.5] * 2, transform=across, color=canvas.RULE, linewidth=1, clip_on=False)
