"""How a speedup went, for a terminal: a row a comparison, with its interval drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.panel import Panel
from rich.text import Text

from perfkit.report import history
from perfkit.report.layout import grid, note, section, styled
from perfkit.report.text import Column, Row, Table, line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from perfkit.model.history import History, HistoryPoint, Series

_MOST_ROWS = 30
_WIDEST, _NARROWEST = 40, 8
_GAP = 2
_COLUMNS = ("commit", "date", "speedup", "interval", "change", "outputs", "contender")


def render(found: History) -> RenderableType:
    """Lay out a history; the caller owns the console."""
    made = history.build(found)
    stage = found.stage or ""
    title = styled(made.title)
    parts: list[RenderableType] = [Text.assemble(title, style="bold")]
    for view, one in zip(made.series, found.series, strict=True):
        parts += [
            Text(),
            Panel(Group(*(styled(each) for each in (view.title, *view.headline))), expand=False),
        ]
        parts.append(note(view.conditions))
        parts += [Text(), _Rows(view.rows, one, stage)]
        hidden = len(view.rows.rows) - _MOST_ROWS
        if hidden > 0:
            parts.append(
                note(line(f"{hidden} earlier comparisons are not shown; --output FILE.md tells all."))
            )
        if view.stages is not None:
            parts += section(
                "Stages", grid(view.stages.only("stage", "latest", "interval", "trend", "changes"))
            )
    parts += [Text(), *(note(one) for one in (*made.method, *made.notes))]
    return Group(*parts)


class _Rows:
    """The table, with each interval drawn in as much room as the console leaves."""

    def __init__(self, table: Table, series: Series, stage: str) -> None:
        self._table = table.only(*_COLUMNS)
        self._points = series.points
        self._stage = stage

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = range(max(0, len(self._points) - _MOST_ROWS), len(self._points))
        table = Table(columns=self._table.columns, rows=tuple(self._narrow(index) for index in shown))
        made = grid(table)
        room = min(options.max_width - console.measure(made).maximum - _GAP, _WIDEST)
        if room >= _NARROWEST:
            drawn = _drawn([self._points[index] for index in shown], self._stage, room)
            made = grid(
                Table(
                    columns=(*table.columns, Column(key="chart", title="")),
                    rows=tuple(
                        Row(cells=(*row.cells, line(chart)), strong=row.strong)
                        for row, chart in zip(table.rows, drawn, strict=True)
                    ),
                )
            )
        yield made

    def _narrow(self, index: int) -> Row:
        row = self._table.rows[index]
        at = [one.key for one in self._table.columns].index("outputs")
        mark = line(history.OUTPUTS[self._points[index].outputs])
        return Row(cells=(*row.cells[:at], mark, *row.cells[at + 1 :]), strong=False)


def _drawn(points: list[HistoryPoint], stage: str, room: int) -> list[str]:
    """Draw each interval on one logarithmic scale: ``──●──``."""
    found = [one.speedups.get(stage) for one in points]
    ends = [end for one in found if one for end in (one.value, one.low, one.high) if end and end > 0]
    low, high = math.log(min(ends, default=1.0)), math.log(max(ends, default=1.0))

    def place(value: float) -> int:
        return round((math.log(value) - low) / (high - low) * (room - 1)) if high > low else room // 2

    drawn = []
    for one in found:
        cells = [" "] * room
        if one is not None:
            if one.low and one.high and one.low > 0:
                cells[place(one.low) : place(one.high) + 1] = "─" * (place(one.high) - place(one.low) + 1)
            cells[place(one.value)] = "●"
        drawn.append("".join(cells).rstrip())
    return drawn
