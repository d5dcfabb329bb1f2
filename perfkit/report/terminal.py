"""The report in short, for a terminal: the same story, from the same view. The caller owns the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.bar import Bar
from rich.console import Group
from rich.measure import Measurement
from rich.panel import Panel
from rich.text import Text

from perfkit.report import correctness, equality, honesty, scale, speed, view
from perfkit.report.layout import COLOURS, grid, note, section, styled
from perfkit.report.text import code, line

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from perfkit.model import Report, ScalingReport, VerificationReport
    from perfkit.report.correctness import Checked
    from perfkit.report.honesty import Honesty
    from perfkit.report.scale import ScaleView
    from perfkit.report.speed import Parts

_GAP = 2
_ENDLESS = 1000  # columns: more than any table wants
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
    headline = styled(made.headline)
    if made.target:
        headline = Text("\n").join([headline, styled(made.target)])
    parts: list[RenderableType] = [
        Panel(
            headline,
            title=styled(made.title),
            title_align="left",
            border_style=COLOURS[made.tone],
            box=box.ROUNDED,
            padding=(0, 1),
        ),
        *(Text.assemble(("! ", "bold yellow"), styled(warning)) for warning in made.warnings),
        *(section("Gates", grid(made.gates)) if made.gates is not None else []),
        *section("Performance", grid(made.performance.table)),
        note(made.performance.process_note),
        *section("Breakdown", _Bars(made.breakdown)),
    ]
    # The first remark says how to read the table; those after it are about this report.
    parts += [note(remark) for remark in made.breakdown.remarks[1:]]
    if made.breakdown.other_threads:
        parts += section(
            "In other threads, part of no sum", grid(made.breakdown.other_threads.only(*speed.NARROW))
        )
    if made.growth is not None:
        parts += section("Growth", *(styled(one) for one in made.growth.headline), *_growth(made.growth))
    for check in made.checks:
        parts += _check(check)
    if not made.checks:
        parts += section(
            "Outputs", styled(made.impossible) if made.impossible else Text("not compared", "yellow")
        )
    if made.honesty is not None:
        parts += honesty_parts(made.honesty)
    if made.caution:
        parts += [Text(), Text.assemble(("! ", "bold yellow"), styled(made.caution))]
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
    words, tone = equality.headline(report)
    who = correctness.Sides(
        baseline=report.baseline.name,
        contender=report.contender.name,
        parameters=report.parameters,
        kind=report.baseline.kind,
    )
    parts: list[RenderableType] = [
        Panel(
            styled(words),
            title=styled(line("Verification: ", code(report.pipeline.name))),
            title_align="left",
            border_style=COLOURS[tone],
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
            Text("\n").join([styled(one) for one in made.headline]),
            title=styled(made.title),
            title_align="left",
            border_style=COLOURS["open" if made.few else "good"],
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
        *section("All of run", grid(sizes)),
        *section("Growth of each stage", grid(made.stages.only(*kept))),
    ]
    if made.memory is not None:
        ends = made.memory.only("variant", "small", "large", "exponent", "interval", "law")
        parts += section("Peak memory above what the process held before", grid(ends))
    if made.claims:
        parts += section("Claims", *(styled(one) for one in made.claims))
    notes = [*made.remarks, *made.left_out]
    parts += [Text()] if notes else []
    parts += [note(one) for one in notes]
    if made.few:
        parts += [Text(), Text.assemble(("! ", "bold yellow"), styled(made.few))]
    return parts


def _check(check: Checked) -> list[RenderableType]:
    """Lay out one verification; a further proof that passed is said in a line."""
    title = styled(line("Outputs", " · " if check.heading else "", check.heading))
    title.stylize("bold")
    parts: list[RenderableType] = [Text(), title]
    if check.passed and not check.main:
        return [*parts, styled(check.summary)]
    parts.append(grid(check.table.only("stage", "verdict", "relative", "tolerance")))
    if not check.passed:  # else they are only the tolerances' reasons, which the report has
        parts += [note(reason) for reason in check.reasons]
    else:
        parts += [note(remark) for remark in check.taken_apart]
    if check.metrics:
        parts += [Text(), grid(check.metrics)]
        parts += [note(remark) for remark in check.metric_remarks]
    return parts


def honesty_parts(found: Honesty) -> list[RenderableType]:
    """Lay out what was tried besides, and what the honesty checks say."""
    parts: list[RenderableType] = []
    if found.tried is not None:
        parts += section("Other inputs", grid(found.tried.only("input", "outcome")))
    parts += [styled(one) for one in (found.searched, found.timed) if one]
    if found.fed:
        parts += [styled(found.fed)]
    if found.findings is not None:
        parts += section("Honesty checks", grid(found.findings))
    parts += [styled(found.clean)] if found.clean else []
    parts += [styled(one) for one in found.weak]
    parts += [note(line("Not tried: ", one)) for one in found.untried]
    return parts


class _Bars:
    """The breakdown, with a bar for each share of the saving in as much room as the console leaves."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = self.parts.table.only(*speed.NARROW)
        made = grid(table)
        if Measurement.get(console, options.update(max_width=_ENDLESS), made).maximum > options.max_width:
            made = grid(table, narrow=True)
        room = min(options.max_width - Measurement.get(console, options, made).maximum - _GAP, _WIDEST_BAR)
        if room >= _NARROWEST_BAR and self.parts.shares:
            shares = [max(0.0, min(1.0, share or 0.0)) for share in self.parts.shares]
            colour = "red" if self.parts.lost else "green"
            made = grid(table, [Bar(1.0, 0.0, share, width=room, color=colour) for share in shares])
        yield made
