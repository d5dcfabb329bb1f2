"""Two profiles compared, for a terminal: from the same view as Markdown. The caller owns the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.bar import Bar
from rich.console import Group
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table as RichTable
from rich.text import Text

from perfkit.report import difference_view
from perfkit.report.difference_code import SIDE_BY_SIDE, CodeLines
from perfkit.report.layout import COLOURS, note, styled

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from perfkit.model import Difference
    from perfkit.report.difference_costs import CostRow, Costs
    from perfkit.report.text import Line

MOST_IN_STAGE = 6
"""Functions of one stage that are listed on a terminal, unless told otherwise."""

_MATCHED_FROM = 110  # columns from which how functions were matched has a column of its own
_MARKS = {"new": ("+", "green"), "vanished": ("-", "red")}
_GAP = 2
_NARROWEST_BAR, _WIDEST_BAR = 4, 20


def render(
    difference: Difference, *, most: int = difference_view.MOST, most_in_stage: int = MOST_IN_STAGE
) -> RenderableType:
    """Lay out two compared profiles for a terminal of 80 columns or more.

    Parameters
    ----------
    difference
        It is not changed.
    most, most_in_stage
        How many functions to list over all and in each stage.

    Returns
    -------
    rich.console.RenderableType
        To be printed on a console of the caller's, which decides on colour and width: lines stand side by
        side from 140 columns, else one below the other.
    """
    made = difference_view.build(difference, most=most, most_in_stage=most_in_stage)
    parts: list[RenderableType] = [
        Panel(
            Text("\n").join([styled(made.headline), note(made.caution)]),
            title=styled(made.title),
            title_align="left",
            border_style=COLOURS[made.tone],
            box=box.ROUNDED,
            padding=(0, 1),
        ),
        *(note(side) for side in made.sides),
        *(Text.assemble(("! ", "bold yellow"), styled(one)) for one in made.notes),
    ]
    for costs in (made.stages, made.functions):
        if costs is not None:
            parts += _titled(costs.heading, _CostTable(costs))
    for stage in made.by_stage:
        if not stage.minor:
            parts += _titled(stage.costs.heading, _CostTable(stage.costs))
    if made.minor:
        parts += [Text(), note(made.minor)]
    if made.lines:
        parts += [Text(), note(made.lines_note)]
    for one in made.lines:
        parts += [Text(), CodeLines(one)]
    return Group(*parts)


def _titled(heading: Line, body: RenderableType) -> list[RenderableType]:
    return [Text(), styled(heading, "bold"), body]


class _CostTable:
    """A table of functions or stages, with as many columns as the console has room for."""

    def __init__(self, costs: Costs) -> None:
        self.costs = costs

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.max_width >= _MATCHED_FROM
        left_out = {"place"} if options.max_width < SIDE_BY_SIDE else set()
        left_out |= set() if wide else {"how"}
        made = self._laid_out(left_out, remarks=not wide)
        room = min(options.max_width - Measurement.get(console, options, made).maximum - _GAP, _WIDEST_BAR)
        if room >= _NARROWEST_BAR and any(row.share for row in self.costs.rows):
            made = self._laid_out(left_out, remarks=not wide, bar=room)
        yield made

    def _laid_out(self, left_out: set[str], *, remarks: bool, bar: int = 0) -> RichTable:
        table = self.costs.table.only(
            *(one.key for one in self.costs.table.columns if one.key not in left_out)
        )
        keys = [column.key for column in table.columns]
        by_function = keys[0] == "function"
        made = RichTable(
            box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0), show_edge=False
        )
        if by_function:
            made.add_column("", no_wrap=True)  # a mark tells new from vanished where there are no colours
        for column in table.columns:
            right = column.align == "right"
            title = column.short or column.title
            made.add_column(
                # Figures are narrow: the words of their titles stand above each other.
                Text(title.replace(" ", "\n") if right else title),
                justify="right" if right else "left",
                no_wrap=right,
                overflow="fold",
            )
        if bar:
            made.add_column("", no_wrap=True)
        for row, costs in zip(table.rows, self.costs.rows, strict=True):
            if costs.kind == "total":
                made.add_section()
            cells: list[RenderableType] = [styled(cell) for cell in row.cells]
            if costs.lost:
                cells[keys.index("saved")] = styled(row.cells[keys.index("saved")], "red")
            if by_function:
                mark, colour = _MARKS.get(costs.kind, ("", ""))
                cells[0] = _name(row.cells[0], costs, colour, remark=remarks)
                cells.insert(0, Text(mark, colour))
            if bar:
                cells.append(_bar(costs, bar))
            style = "bold" if costs.kind == "total" else "dim" if costs.kind in {"more", "rest"} else ""
            made.add_row(*cells, style=style)
        return made


def _name(label: Line, row: CostRow, colour: str, *, remark: bool) -> Text:
    """Return a function's name, with how it was matched below if that has no column of its own."""
    made = styled(label, colour)
    if remark and row.remark:
        return Text("\n").join([made, note(row.remark)])
    return made


def _bar(row: CostRow, width: int) -> RenderableType:
    """Return a bar for a share of the saving, or of what was lost."""
    share = min(abs(row.share or 0.0), 1.0)
    return Bar(1.0, 0.0, share, width=width, color="red" if row.lost else "green")
