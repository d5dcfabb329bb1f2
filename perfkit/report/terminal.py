"""The report in short, for a terminal: the same story, from the same view. The caller owns the console."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich import box
from rich.bar import Bar
from rich.console import Group
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table as RichTable
from rich.text import Text

from perfkit.report import correctness, equality, honesty, scale, speed, view
from perfkit.report.text import code, line, strong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from perfkit.model import Report, ScalingReport, VerificationReport
    from perfkit.report.correctness import Checked
    from perfkit.report.honesty import Honesty
    from perfkit.report.scale import ScaleView
    from perfkit.report.speed import Parts
    from perfkit.report.text import Line, Table

_COLOURS = {"good": "green", "open": "yellow", "bad": "red"}
_KINDS = {"plain": "", "code": "cyan", "strong": "bold"}
_QUIET = "dim"
# Emoji are two cells wide in some terminals and one in others; these are one everywhere.
_MARKS = {"✅": ("✔", "green"), "❌": ("✘", "red"), "❔": ("?", "yellow"), "⚪": ("○", "yellow")}
_MARK = re.compile(f"([{''.join(_MARKS)}])")
_GAP = 2
_MOST_COLUMNS = 6  # of figures, that 80 characters hold
_NARROWEST_BAR, _WIDEST_BAR = 4, 24


def render(report: Report) -> RenderableType:
    """Lay out a report for a terminal of 80 columns or more.

    Parameters
    ----------
    report
        What was measured and found.

    Returns
    -------
    rich.console.RenderableType
        To be printed on a console of the caller's, which decides on colour and width.
    """
    made = view.build(report)
    headline = _text(made.headline)
    if made.target:
        headline = Text("\n").join([headline, _text(made.target)])
    parts: list[RenderableType] = [
        Panel(
            headline,
            title=_text(made.title),
            title_align="left",
            border_style=_COLOURS[made.tone],
            box=box.ROUNDED,
            padding=(0, 1),
        ),
        *(Text.assemble(("! ", "bold yellow"), _text(warning)) for warning in made.warnings),
        *_section("Performance", _table(made.performance.table)),
        _note(made.performance.process_note),
        *_section("Breakdown", _Bars(made.breakdown)),
    ]
    # The first remark says how to read the table; those after it are about this report.
    parts += [_note(remark) for remark in made.breakdown.remarks[1:]]
    if made.breakdown.other_threads:
        parts += _section(
            "In other threads, part of no sum", _table(made.breakdown.other_threads.only(*speed.NARROW))
        )
    if made.growth is not None:
        parts += _section("Growth", *(_text(one) for one in made.growth.headline), *_growth(made.growth))
    for check in made.checks:
        parts += _check(check)
    if not made.checks:
        parts += _section("Outputs", Text("not compared", "yellow"))
    if made.honesty is not None:
        parts += honesty_parts(made.honesty)
    if made.caution:
        parts += [Text(), Text.assemble(("! ", "bold yellow"), _text(made.caution))]
    if made.report_path:
        parts += [Text(), Text.assemble("Report: ", (made.report_path, "cyan"), overflow="fold")]
    return Group(*parts)


def render_verification(report: VerificationReport) -> RenderableType:
    """Lay out a verification of its own.

    Parameters
    ----------
    report
        What was compared and found.
    """
    found = equality.judge(report.scrutiny)
    baseline, contender = code(report.baseline.name), code(report.contender.name)
    if found.verified:
        inputs = "1 input" if found.inputs == 1 else f"{found.inputs} inputs"
        words = line(contender, " equals ", baseline, found.proviso, f": verified on {inputs}.")
    else:
        words = line(contender, " against ", baseline, ": ", strong("not verified"), ", ", found.why, ".")
    tone = "good" if found.verified else "bad" if found.different else "open"
    who = correctness.Sides(
        baseline=report.baseline.name, contender=report.contender.name, parameters=report.parameters
    )
    parts: list[RenderableType] = [
        Panel(
            _text(words),
            title=_text(line("Verification: ", code(report.pipeline.name))),
            title_align="left",
            border_style=_COLOURS[tone],
            box=box.ROUNDED,
            padding=(0, 1),
        )
    ]
    for check in correctness.checks(who, report.scrutiny):
        parts += _check(check)
    found_besides = honesty.honesty(report.scrutiny)
    if found_besides is not None:
        parts += honesty_parts(found_besides)
    return Group(*parts)


def render_scaling(report: ScalingReport) -> RenderableType:
    """Lay out how a cost grows.

    Parameters
    ----------
    report
        What was measured and found.
    """
    made = scale.build(report)
    parts: list[RenderableType] = [
        Panel(
            Text("\n").join([_text(one) for one in made.headline]),
            title=_text(made.title),
            title_align="left",
            border_style=_COLOURS["open" if made.few else "good"],
            box=box.ROUNDED,
            padding=(0, 1),
        )
    ]
    return Group(*parts, *_growth(made))


def _growth(made: ScaleView) -> list[RenderableType]:
    """Lay out the tables and remarks on how a cost grows."""
    kept = ("stage", "variant", "exponent", "interval", "law")
    sizes = made.sizes
    if len(sizes.columns) > _MOST_COLUMNS:
        sizes = sizes.only(*(one.key for one in sizes.columns if not one.key.endswith("/interval")))
    parts = [
        *_section("All of run", _table(sizes)),
        *_section("Growth of each stage", _table(made.stages.only(*kept))),
    ]
    if made.memory is not None:
        ends = made.memory.only("variant", "small", "large", "exponent", "interval", "law")
        parts += _section("Peak memory above what the process held before", _table(ends))
    if made.claims:
        parts += _section("Claims", *(_text(one) for one in made.claims))
    notes = [*made.remarks, *made.left_out]
    parts += [Text()] if notes else []
    parts += [_note(one) for one in notes]
    if made.few:
        parts += [Text(), Text.assemble(("! ", "bold yellow"), _text(made.few))]
    return parts


def _section(title: str, *body: RenderableType) -> list[RenderableType]:
    return [Text(), Text(title, "bold"), *body]


def _note(words: Line) -> RenderableType:
    return _text(words, _QUIET)


def _check(check: Checked) -> list[RenderableType]:
    """Lay out one verification; a further proof that passed is said in a line."""
    title = _text(line("Outputs", " · " if check.heading else "", check.heading))
    title.stylize("bold")
    parts: list[RenderableType] = [Text(), title]
    if check.passed and not check.main:
        return [*parts, _text(check.summary)]
    parts.append(_table(check.table.only("stage", "verdict", "relative", "tolerance")))
    if not check.passed:  # else they are only the tolerances' reasons, which the report has
        parts += [_note(reason) for reason in check.reasons]
    if check.metrics:
        parts += [Text(), _table(check.metrics)]
        parts += [_note(remark) for remark in check.metric_remarks]
    return parts


def honesty_parts(found: Honesty) -> list[RenderableType]:
    """Lay out what was tried besides, and what the honesty checks say."""
    parts: list[RenderableType] = []
    if found.tried is not None:
        parts += _section("Other inputs", _table(found.tried.only("input", "outcome")))
    parts += [_text(one) for one in (found.searched, found.timed) if one]
    if found.fed:
        parts += [_text(found.fed)]
    if found.findings is not None:
        parts += _section("Honesty checks", _table(found.findings))
    parts += [_text(found.clean)] if found.clean else []
    parts += [_text(one) for one in found.weak]
    parts += [_note(line("Not tried: ", one)) for one in found.untried]
    return parts


def _text(words: Line, style: str = "") -> Text:
    """Style a line; names are never read as rich's markup."""
    made = Text(style=style)
    for span in words:
        kind = _KINDS[span.kind] if not style else ""
        for piece in _MARK.split(span.text):
            narrow, colour = _MARKS.get(piece, (piece, kind))
            made.append(narrow, colour)
    return made


def _table(table: Table, bars: Sequence[Bar] = ()) -> RichTable:
    """Lay out a table: figures stand whole, names and words may be folded but are never cut off."""
    made = RichTable(
        box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False, padding=(0, 1, 0, 0), show_edge=False
    )
    for column in table.columns:
        right = column.align == "right"
        title = Text(column.short or column.title)
        made.add_column(title, justify="right" if right else "left", no_wrap=right, overflow="fold")
    if bars:
        made.add_column("", no_wrap=True)
    for index, row in enumerate(table.rows):
        if index and row.strong and index == len(table.rows) - 1:
            made.add_section()
        bar = bars[index : index + 1]
        made.add_row(*(_text(cell) for cell in row.cells), *bar, style="bold" if row.strong else "")
    return made


class _Bars:
    """The breakdown, with a bar for each share of the saving in as much room as the console leaves."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = self.parts.table.only(*speed.NARROW)
        made = _table(table)
        room = min(options.max_width - Measurement.get(console, options, made).maximum - _GAP, _WIDEST_BAR)
        if room >= _NARROWEST_BAR and self.parts.shares:
            shares = [max(0.0, min(1.0, share or 0.0)) for share in self.parts.shares]
            colour = "red" if self.parts.lost else "green"
            made = _table(table, [Bar(1.0, 0.0, share, width=room, color=colour) for share in shares])
        yield made
