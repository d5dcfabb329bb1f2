"""The interactive charts: each a figure of plotly's, without colours, which the page gives it by its theme.

Everything written in them is taken from the report's tables, cell by cell. A stage's name stands above its
bars, so that the bars have the whole width of a phone.
"""

from __future__ import annotations

import html
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perfkit.report import canvas, units
from perfkit.report.html.markup import name
from perfkit.report.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Report, StageRow
    from perfkit.report.text import Table
    from perfkit.report.view import View

_LOG_FROM = 30.0
"""A range above which the short bars of a linear axis could no longer be told from nothing."""
_MOST_ROWS = 40
_MOST_STEPS = 14
_WORTH_A_ROW = 0.01  # what no stage covers gets bars from this share of either total on
_ROW, _STEP, _FRAME = 62, 46, 64  # pixels
_SPARE = 0.26  # of the axis, beyond the longest bar, for its time
_INDENT = "\u00a0" * 3
_TICKS = 5
_DECADES = 6  # more get a tick every other power of ten


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart.

    Attributes
    ----------
    label
        What it shows, for those who do not see it; the table of the same figures lies beside it.
    figure
        Data and layout, as plotly.js takes them.
    height
        In pixels.
    """

    ident: str
    label: str
    figure: dict[str, Any]
    height: int
    note: str = ""


def stages(report: Report, view: View) -> Chart:
    """Draw the time of each stage on both sides, with intervals, and its speedup."""
    cells = _cells(view.breakdown.table)
    rows = [row for row in report.breakdown.rows if row.kind != "other thread"]
    picked = [(row, cell) for row, cell in zip(rows, cells, strict=True) if _has_bars(row, report)]
    left_out = max(0, len(picked) - _MOST_ROWS)
    if left_out:
        picked = [*picked[: _MOST_ROWS - 1], picked[-1]]
    times = [time for row, _ in picked for time in (row.baseline_s, row.contender_s) if time and time > 0]
    ends = [end for row, _ in picked for end in _ends(row) if end > 0]
    low, high = min([*times, *ends], default=0.1), max([*times, *ends], default=1.0)
    log = high / low > _LOG_FROM
    axis = _axis(low if log else 0.0, high, log=log)
    names = report.comparison.baseline.name, report.comparison.contender.name

    traces: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for side, (title, shift) in enumerate(zip(names, (-0.13, 0.17), strict=True)):
        values = [(row.baseline_s, row.contender_s)[side] for row, _ in picked]
        between = [(row.baseline_s_interval, row.contender_s_interval)[side] for row, _ in picked]
        texts = [cell[("baseline", "contender")[side]] for _, cell in picked]
        shown = [value if value is not None and (value > 0 or not log) else None for value in values]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": _text(title),
                "meta": ("before", "after")[side],
                "x": shown,
                "y": [index + shift for index in range(len(picked))],
                "width": 0.26,
                "error_x": _whiskers(shown, between),
                "hovertext": [
                    _hover(_title(row), f"{title}: {units.seconds_between(value, one)}")
                    if value is not None
                    else ""
                    for (row, _), value, one in zip(picked, values, between, strict=True)
                ],
                "hoverinfo": "text",
            }
        )
        for index, (value, one, text) in enumerate(zip(shown, between, texts, strict=True)):
            end = max(value or 0.0, one[1] if one else 0.0, 10 ** axis["range"][0] if log else 0.0)
            notes.append(_note(end, index + shift, text, log=log, quiet=True))
    for index, (row, cell) in enumerate(picked):
        indent = _INDENT * row.depth
        notes.append(_heading(index - 0.41, f"{indent}{_text(_short(row))}", strong=row.kind == "total"))
        speedup = cell["speedup"]
        if row.speedup is not None:
            ends_ = f" {cell['interval']}" if row.speedup.low is not None else ""
            notes.append(_heading(index - 0.41, f"<b>{_text(speedup)}</b>{_text(ends_)}", right=True))
    return Chart(
        ident="chart-stages",
        label=f"Bars: time of each stage in {name(names[0])} and in {name(names[1])}; "
        "the table below has the same figures.",
        figure=_figure(traces, notes, axis, len(picked), "wall time, log scale" if log else "wall time"),
        height=_ROW * len(picked) + _FRAME,
        note=f"{left_out} further stages are in the table only." if left_out else "",
    )


def savings(report: Report, view: View) -> Chart | None:
    """Draw which stage saved how much, one step a stage, up to the whole saving; None if none was shown."""
    if not view.breakdown.shares:
        return None
    sign = -1.0 if view.breakdown.lost else 1.0
    word = "lost" if view.breakdown.lost else "saved"
    cells = _cells(view.breakdown.table)
    rows = [row for row in report.breakdown.rows if row.kind != "other thread"]
    total, total_cell = next(
        (row, cell) for row, cell in zip(rows, cells, strict=True) if row.kind == "total"
    )
    parents = {row.path.rpartition("/")[0] for row in rows if row.kind == "stage"}
    steps = [
        (_step_title(row), sign * row.saved_s, _signed(row, sign), f"{cell['saved']}, {cell['share']}")
        for row, cell in zip(rows, cells, strict=True)
        if row.kind in {"own code", "outside stages"} or (row.kind == "stage" and row.path not in parents)
    ]
    steps.sort(key=lambda one: -abs(one[1]))
    if len(steps) > _MOST_STEPS:
        rest = steps[_MOST_STEPS - 1 :]
        value = sum(one[1] for one in rest)
        steps = steps[: _MOST_STEPS - 1]
        share = units.percent(value / (sign * total.saved_s)) if total.saved_s else units.NONE
        steps.append((f"{len(rest)} further", value, None, f"{units.seconds(value)}, {share}"))
    whole = ("total", sign * total.saved_s, _signed(total, sign), total_cell["saved"])
    every = [*steps, whole] if steps else [whole]

    reached, begins = 0.0, []
    for _, value, _, _ in steps:
        begins.append(reached)
        reached += value
    begins.append(0.0)
    ends = [begin + value for begin, (_, value, _, _) in zip(begins, every, strict=True)]
    axis = _axis(min(0.0, *ends), max(0.0, *ends), log=False)
    traces: list[dict[str, Any]] = [
        {
            "type": "waterfall",
            "orientation": "h",
            "name": f"time {word}",
            "meta": "lost" if view.breakdown.lost else "saved",
            "measure": ["relative"] * len(steps) + ["total"],
            "x": [*(value for _, value, _, _ in steps), None],
            "y": list(range(len(every))),
            "width": 0.42,
            "hovertext": [_hover(title, text) for title, _, _, text in every],
            "hoverinfo": "text",
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": "95 % interval",
            "meta": "whiskers",
            "x": ends,
            "y": list(range(len(every))),
            "error_x": _whiskers(
                [value for _, value, _, _ in every], [between for _, _, between, _ in every]
            ),
            "hoverinfo": "skip",
            "showlegend": False,
        },
    ]
    notes = []
    for index, (title, _, _, text) in enumerate(every):
        strong = index == len(every) - 1
        notes.append(_heading(index - 0.36, _text(title), strong=strong))
        notes.append(_heading(index - 0.36, _text(text), strong=strong, right=True))
    return Chart(
        ident="chart-savings",
        label=f"Waterfall: the time that each stage {word} adds up to the total of {total_cell['saved']}; "
        "the table below has the same figures.",
        figure=_figure(traces, notes, axis, len(every), f"time {word}"),
        height=_STEP * len(every) + _FRAME,
    )


# ---------------------------------------------------------------- rows and words


def _cells(table: Table) -> list[dict[str, str]]:
    """Return the table's rows as plain text by column."""
    return [
        {column.key: plain(cell) for column, cell in zip(table.columns, row.cells, strict=True)}
        for row in table.rows
    ]


def _has_bars(row: StageRow, report: Report) -> bool:
    if row.kind == "outside stages":
        found = report.breakdown
        both = ((row.baseline_s, found.baseline_s), (row.contender_s, found.contender_s))
        return any(part is not None and part > _WORTH_A_ROW * whole for part, whole in both)
    return row.kind in {"stage", "total"}


def _title(row: StageRow) -> str:
    return row.path if row.kind == "stage" else row.kind


def _short(row: StageRow) -> str:
    return row.path.rpartition("/")[2] if row.kind == "stage" else row.kind


def _step_title(row: StageRow) -> str:
    return f"{row.path}, own code" if row.kind == "own code" else _title(row)


def _ends(row: StageRow) -> list[float]:
    return [end for one in (row.baseline_s_interval, row.contender_s_interval) if one for end in one]


def _signed(row: StageRow, sign: float) -> tuple[float, float] | None:
    between = row.saved_s_interval
    if between is None:
        return None
    return between if sign > 0 else (-between[1], -between[0])


def _hover(title: str, text: str) -> str:
    return f"<b>{_text(title)}</b><br>{_text(text)}"


def _text(text: str) -> str:
    """Escape what plotly would read as markup."""
    return html.escape(name(text), quote=False)


# ---------------------------------------------------------------- plotly


def _whiskers(
    values: Sequence[float | None], between: Sequence[tuple[float, float] | None]
) -> dict[str, Any]:
    """Return the error bars: how far the intervals' ends lie from the values."""
    pairs = list(zip(values, between, strict=True))
    return {
        "type": "data",
        "symmetric": False,
        "array": [one[1] - value if one and value is not None else 0.0 for value, one in pairs],
        "arrayminus": [value - one[0] if one and value is not None else 0.0 for value, one in pairs],
        "visible": any(one is not None for one in between),
        "thickness": 1.4,
        "width": 4,
    }


def _note(x: float, y: float, text: str, *, log: bool, quiet: bool = False) -> dict[str, Any]:
    """Write beside the end of a bar."""
    return {
        "x": math.log10(x) if log else x,
        "y": y,
        "text": _text(text),
        "xanchor": "left",
        "xshift": 5,
        "showarrow": False,
        "name": "quiet" if quiet else "ink",
    }


def _heading(y: float, text: str, *, strong: bool = False, right: bool = False) -> dict[str, Any]:
    """Write above a row's bars, at the left or the right edge."""
    return {
        "xref": "paper",
        "x": 1 if right else 0,
        "xanchor": "right" if right else "left",
        "y": y,
        "text": f"<b>{text}</b>" if strong else text,
        "showarrow": False,
        "name": "ink",
    }


def _axis(low: float, high: float, *, log: bool) -> dict[str, Any]:
    """Scale the axis, with round ticks that are written as in the rest of the report."""
    if log:
        first, last = math.floor(math.log10(low * 0.8)), math.log10(high)
        every = 2 if last - first > _DECADES else 1
        powers = range(first, math.floor(last) + 1, every)
        return {
            "type": "log",
            "range": [first, last + _SPARE * (last - first) / (1 - _SPARE)],
            "tickvals": [10.0**power for power in powers],
            "ticktext": [canvas.time_tick(10.0**power) for power in powers],
        }
    span = (high - low) or 1.0
    step = 10.0 ** math.floor(math.log10(span / _TICKS))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= _TICKS)
    ticks = [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]
    spare = span * _SPARE / (1 - _SPARE) if low >= 0 else span * 0.05
    return {
        "type": "linear",
        "range": [low - (0.05 * span if low < 0 else 0.0), high + spare],
        "tickvals": ticks,
        "ticktext": [
            "0" if not tick else f"{'−' if tick < 0 else ''}{canvas.time_tick(abs(tick))}" for tick in ticks
        ],
    }


def _figure(
    traces: list[dict[str, Any]], notes: list[dict[str, Any]], axis: dict[str, Any], rows: int, title: str
) -> dict[str, Any]:
    """Put a figure together; plotly checks every one of its properties."""
    import plotly.graph_objects as go  # takes a moment, and only a page with charts needs it

    made = go.Figure(
        data=traces,
        layout={
            "template": "none",
            "xaxis": {**axis, "title": {"text": title}, "fixedrange": True, "zeroline": False},
            "yaxis": {
                "range": [rows - 0.45, -0.68],
                "fixedrange": True,
                "showticklabels": False,
                "showgrid": False,
                "zeroline": False,
            },
            "annotations": notes,
            "barmode": "overlay",
            "hovermode": "closest",
            "showlegend": len(traces) > 1 and traces[1]["type"] == "bar",
            "legend": {"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"},
            "margin": {"l": 8, "r": 8, "t": 30, "b": 44},
        },
    )
    figure: dict[str, Any] = json.loads(made.to_json())
    figure["layout"].pop("template", None)
    return figure
