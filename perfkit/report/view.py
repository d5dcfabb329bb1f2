"""A report as ordered sections of ready strings: everything is said once, the renderers only lay it out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from perfkit.report import (
    changes,
    claims,
    correctness,
    difference_view,
    gates,
    honesty,
    method,
    scale,
    speed,
    units,
    variants,
)
from perfkit.report.text import Column, Line, Row, Table, code, line, prose

if TYPE_CHECKING:
    from perfkit.model import Report
    from perfkit.report.changes import Changes, Profile
    from perfkit.report.correctness import Checked
    from perfkit.report.difference_view import DifferenceView
    from perfkit.report.honesty import Honesty
    from perfkit.report.method import Method
    from perfkit.report.scale import ScaleView
    from perfkit.report.speed import Parts, Performance


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a renderer gets, in the order in which it is told.

    Attributes
    ----------
    tone
        How the whole looks, for a renderer that has colours.
    target
        None if no target was set.
    gates
        What the comparison was held to; None if the user asked for nothing.
    caution
        A warning if the pairs are few.
    profiles, difference
        What functions cost: of each side alone where there is no difference of both.
    impossible
        Why no stage could be compared; empty if that was possible, or nobody asked.
    warnings
        What of the machine may have spoiled the comparison, seen before it began.
    report_path
        Where the Markdown report lies, empty if it is not among the files.
    """

    title: Line
    identity: Line
    warnings: tuple[Line, ...]
    tone: Literal["good", "open", "bad"]
    headline: Line
    target: Line | None
    gates: Table | None
    performance: Performance
    breakdown: Parts
    growth: ScaleView | None
    changes: Changes
    profiles: tuple[Profile, ...]
    difference: DifferenceView | None
    checks: tuple[Checked, ...]
    impossible: Line
    honesty: Honesty | None
    techniques: Table | None
    files: Table | None
    method: Method
    conclusion: Line
    caution: Line | None
    report_path: str


def build(report: Report) -> View:
    """Turn a report into what there is to say about it.

    Parameters
    ----------
    report
        The comparison and what was found in its runs; it is not changed.

    Returns
    -------
    View
        Equal for equal reports.
    """
    comparison = report.comparison
    aim = claims.aim(report)
    return View(
        title=line("Performance report: ", code(comparison.pipeline.name)),
        identity=line(
            code(comparison.contender.name),
            " (",
            variants.what(comparison.contender),
            ") against ",
            code(comparison.baseline.name),
            " (",
            variants.what(comparison.baseline),
            "), comparison ",
            code(comparison.id),
            f", started {units.moment(comparison.started_at)}.",
        ),
        warnings=method.machine_warnings(comparison.environment.machine),
        tone=claims.tone(report),
        headline=claims.headline(report),
        target=aim.sentence if aim else None,
        gates=gates.table(report.gates) if comparison.gates is not None else None,
        performance=speed.performance(report),
        breakdown=speed.breakdown(report),
        growth=scale.build(report.growth) if report.growth is not None else None,
        changes=changes.changes(report),
        profiles=changes.profiles(report) if report.difference is None else (),
        difference=_difference(report),
        checks=correctness.checks(correctness.sides(report), comparison.scrutiny),
        impossible=correctness.impossible(comparison.scrutiny),
        honesty=honesty.honesty(comparison.scrutiny),
        techniques=changes.techniques(report),
        files=_files(report),
        method=method.method(report),
        conclusion=claims.conclusion(report),
        caution=claims.caution(report),
        report_path=next((file.path for file in report.files if file.path.endswith("report.md")), ""),
    )


def _difference(report: Report) -> DifferenceView | None:
    """Tell what functions saved; stages and lines have their places elsewhere in the report."""
    if report.difference is None:
        return None
    made = difference_view.build(dataclasses.replace(report.difference, lines=()))
    return dataclasses.replace(made, stages=None)


def _files(report: Report) -> Table | None:
    if not report.files:
        return None
    return Table(
        columns=(
            Column(key="file", title="file"),
            Column(key="size", title="size", align="right"),
            Column(key="what", title="what it is"),
        ),
        rows=tuple(
            Row(cells=(line(code(file.path)), line(units.bytes_(file.size_bytes)), prose(file.what)))
            for file in report.files
        ),
    )
