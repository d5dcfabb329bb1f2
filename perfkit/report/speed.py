"""The sections on speed: the whole, and stage by stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.report import claims, units, variants
from perfkit.report.text import Column, Line, Row, Table, code, line, listed

if TYPE_CHECKING:
    from perfkit.model import Report, StageRow

NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """The pipeline as a whole.

    Attributes
    ----------
    process_note
        How the pipeline's speedup and the whole process's go together.
    """

    table: Table
    process_note: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The pipeline stage by stage.

    Attributes
    ----------
    shares
        Of the saving, 0 to 1, beside the rows of `table`, for a renderer that draws bars; empty if no saving
        was shown that could be shared out.
    lost
        The contender takes longer: what is shared out is a loss.
    remarks
        What a reader must know of these rows.
    other_threads
        Stages that overlap the rest; no part of the sum.
    """

    table: Table
    shares: tuple[float | None, ...]
    lost: bool
    remarks: tuple[Line, ...]
    other_threads: Table | None


NARROW = ("stage", "baseline", "contender", "speedup", "interval", "share")
"""Columns for 80 characters."""
WIDE = ("stage", "baseline", "contender", "speedup", "interval", "verdict", "share")
"""Columns for a page."""
SAVED = ("stage", "saved", "shares")
"""Columns of a table of what was saved, with intervals."""


def performance(report: Report) -> Performance:
    """Build the section on the whole."""
    comparison, found = report.comparison, report.breakdown
    seconds, run, process = units.seconds, found.run, found.process

    def row(
        title: Line, baseline: str, contender: str, ratio: str = "", interval: str = "", *, bold: bool = False
    ) -> Row:
        return Row(cells=(title, line(baseline), line(contender), line(ratio), line(interval)), strong=bold)

    whole = comparison.baseline.kind == "command"  # then it is the process that is timed
    rows = [
        row(
            variants.timed(comparison.baseline),
            seconds(found.baseline_s),
            seconds(found.contender_s),
            units.ratio(run),
            units.interval(run),
            bold=True,
        ),
        *(
            []
            if whole
            else [
                row(
                    line("Whole process"),
                    seconds(found.baseline_process_s),
                    seconds(found.contender_process_s),
                    units.ratio(process),
                    units.interval(process),
                ),
                row(
                    line(f"└{NO_BREAK}importing"),
                    seconds(found.baseline_import_s),
                    seconds(found.contender_import_s),
                ),
            ]
        ),
        *(
            []
            if comparison.baseline.kind in variants.OWN_INPUTS
            else [
                row(
                    line(f"└{NO_BREAK}making the inputs"),
                    seconds(found.baseline_inputs_s),
                    seconds(found.contender_inputs_s),
                )
            ]
        ),
        *(
            [
                row(
                    line("First call, cold"),
                    seconds(found.baseline_first_s),
                    seconds(found.contender_first_s),
                )
            ]
            if comparison.sampling is not None and comparison.sampling.repeats
            else []
        ),
        row(
            line("CPU time of ", variants.called(comparison.baseline)),
            seconds(found.baseline_cpu_s),
            seconds(found.contender_cpu_s),
        ),
        row(
            line("Peak memory"),
            units.bytes_(found.baseline_peak_bytes),
            units.bytes_(found.contender_peak_bytes),
        ),
        row(line("Pairs"), *2 * (units.count(len(comparison.pairs)),)),
    ]
    held, target = claims.aim(report), comparison.pipeline.target
    if held is not None and target is not None:
        rows.append(row(line("Target"), "", "", units.target(target), f"{held.mark} {held.word}"))
    table = Table(
        columns=(
            Column(key="what", title=""),
            Column(key="baseline", title=comparison.baseline.name, align="right"),
            Column(key="contender", title=comparison.contender.name, align="right"),
            Column(key="speedup", title="speedup", align="right"),
            Column(key="interval", title=_interval_title(report), align="right"),
        ),
        rows=tuple(rows),
    )
    return Performance(table=table, process_note=_process_note(report))


def _process_note(report: Report) -> Line:
    """Set the ratio beside the whole process's: they differ, and both are true."""
    found, baseline = report.breakdown, report.comparison.baseline
    run, process = units.ratio(found.run), units.ratio(found.process)
    if baseline.kind == "command":
        return line("The commands are whole processes: starting them is part of their times.")
    what = "the script" if baseline.kind in {"script", "module"} else "the pipeline"
    if run == process:
        return line(f"The whole process, from its start to its end, gains as much as {what}: {process}.")
    imports = f"import ({units.seconds(found.contender_import_s)} in the contender)"
    inputs = f"make the inputs ({units.seconds(found.contender_inputs_s)})"
    has = f"start Python and {imports}"
    if baseline.kind not in variants.OWN_INPUTS:
        has = f"start Python, {imports} and {inputs}"
    return line(
        f"Both ratios are true. {what.capitalize()} alone: {run}. A whole process, which also has to {has}: "
        f"{process}."
    )


def _interval_title(report: Report) -> str:
    confidence = report.breakdown.run.confidence
    return f"{units.percent(confidence, 0)} interval" if confidence else "interval"


def breakdown(report: Report) -> Parts:
    """Build the section on the stages."""
    rows = [row for row in report.breakdown.rows if row.kind != "other thread"]
    threads = [row for row in report.breakdown.rows if row.kind == "other thread"]
    shared = _saving_shown(report)
    shares = tuple(row.saved_share for row in rows) if shared else None
    return Parts(
        table=_table(report, rows, shares),
        shares=shares or (),
        lost=_lost(report),
        remarks=_remarks(report, rows, shared=shared),
        other_threads=_table(report, threads, None) if threads else None,
    )


def _saving_shown(report: Report) -> bool:
    """Say whether there is a saving or a loss to share out: shares of noise run to thousands of per cent."""
    # One pair shows no speedup, but where its own time went is a fact.
    if report.breakdown.run.low is None:
        return True
    # The verdict is made on medians, what is shared out are means: they must agree on the side.
    return report.breakdown.verdict == ("slower" if _lost(report) else "faster")


def _lost(report: Report) -> bool:
    return report.breakdown.contender_s > report.breakdown.baseline_s


def _table(report: Report, rows: list[StageRow], shares: tuple[float | None, ...] | None) -> Table:
    comparison, lost = report.comparison, _lost(report)
    columns = [
        Column(key="stage", title="stage"),
        Column(key="baseline", title=comparison.baseline.name, align="right"),
        Column(key="contender", title=comparison.contender.name, align="right"),
        Column(key="speedup", title="speedup", align="right"),
        Column(key="interval", title=_interval_title(report), align="right"),
        Column(key="verdict", title="verdict"),
    ]
    word = "lost" if lost else "saved"
    if shares is not None:
        columns += [
            Column(key="saved", title=f"time {word}", align="right"),
            Column(key="share", title=f"share of time {word}", align="right", short=word),
            Column(key="shares", title=f"share of time {word}", align="right"),
        ]
    baseline, contender = units.seconds_columns(
        [row.baseline_s for row in rows], [row.contender_s for row in rows]
    )
    made: list[Row] = []
    for index, row in enumerate(rows):
        biggest = row.biggest and shares is not None and not lost
        cells = [
            _label(row),
            line(baseline[index]),
            line(contender[index]),
            line(units.ratio(row.speedup)),
            line(units.interval(row.speedup)),
            line(row.verdict if row.speedup is not None else units.NONE),
        ]
        if shares is not None:
            saved, between = row.saved_s, row.saved_s_interval
            if lost:
                saved, between = -saved, None if between is None else (-between[1], -between[0])
            cells += [
                line(units.seconds_between(saved, between)),
                line(units.percent(shares[index])),
                line(units.percent_between(shares[index], row.saved_share_interval)),
            ]
        made.append(Row(cells=tuple(cells), strong=biggest or row.kind == "total"))
    return Table(columns=tuple(columns), rows=tuple(made))


def _label(row: StageRow) -> Line:
    """Name a row: the last part of its path, indented below its parent."""
    if row.kind == "total":
        return line("total")
    if row.kind == "outside stages":
        return line("outside stages")
    if row.kind == "other thread":
        return line(code(row.path))
    indent = f"{NO_BREAK * 3 * (row.depth - 1)}└{NO_BREAK}" if row.depth else ""
    return line(indent, "own code" if row.kind == "own code" else code(row.path.rpartition("/")[2]))


def _remarks(report: Report, rows: list[StageRow], *, shared: bool) -> tuple[Line, ...]:
    how = (
        "Times are means over the pairs, so that they add up (each is rounded on its own); speedups are "
        "medians of the pairs' ratios, so dividing two times need not give the speedup to the last digit."
    )
    if any(row.kind == "stage" for row in rows) and report.breakdown.run.low is not None:
        how += (
            f" Verdicts are made at {units.level(report.breakdown.verdicts_at)}, those on stages corrected "
            "for their number (Bonferroni): a wrong one among them all is as rare as on one."
        )
    found = report.comparison.found
    remarks = [line(how), *(variants.found(found) if found is not None else ())]
    sides = (
        (report.comparison.baseline.name, [row for row in rows if row.contender_s is None]),
        (report.comparison.contender.name, [row for row in rows if row.baseline_s is None]),
    )
    for name, alone in sides:
        stages = [line(code(row.path)) for row in alone if row.kind == "stage"]
        if stages:
            remarks.append(line("Only ", code(name), " has ", listed(stages), ": no speedup can be given."))
    if shared and not _lost(report):
        remarks += [
            line("Biggest win: ", code(row.path), f", {units.percent(row.saved_share)} of the time saved.")
            for row in rows
            if row.biggest
        ]
    if not shared:
        remarks.append(line("No shares are given, because no saving was shown that could be shared out."))
    if not any(row.kind == "stage" for row in rows) and found is None:
        remarks.append(line("The pipeline marks no stages, so there is nothing to break down."))
    return tuple(remarks)


def stage_speedup(report: Report, path: str) -> Line:
    """Say how much faster a stage became, with its interval; empty if it has no row of its own."""
    for row in report.breakdown.rows:
        if row.path == path and row.kind in {"stage", "other thread"} and row.speedup is not None:
            return line(units.ratio(row.speedup), " ", claims.doubt(row.speedup))
    return line()
