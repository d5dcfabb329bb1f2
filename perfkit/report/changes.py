"""The section on what was changed in the code: where the time goes, before and after, by what means.

Everything here explains and nothing measures: line and function times come from profilers, which distort.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.report import units
from perfkit.report.parameters import changed_settings, settings
from perfkit.report.speed import stage_speedup
from perfkit.report.text import Column, Line, Row, Table, code, line, listed, prose, strong

if TYPE_CHECKING:
    from perfkit.model import CodeBlock, FunctionCost, HotLine, Optimisation, ProfileRun, Report

_MOST_FUNCTIONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of source and where it stands."""

    caption: Line
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One function that carries part of the saving.

    Attributes
    ----------
    hot_lines
        None if the baseline was not profiled by line.
    """

    heading: Line
    speedup: Line
    hot_lines: Table | None
    before: Block
    after: tuple[Block, ...]
    techniques: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All optimisations.

    Attributes
    ----------
    profile_note
        At which parameters the line profile ran, or how to get one.
    """

    profile_note: Line
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The most costly functions of one side under cProfile."""

    title: Line
    table: Table


def changes(report: Report) -> Changes:
    """Build the section on the optimisations."""
    profile = _line_profile(report)
    return Changes(
        profile_note=_profile_note(report, profile),
        changes=tuple(_change(report, one, profiled=profile is not None) for one in report.optimisations),
    )


def _line_profile(report: Report) -> ProfileRun | None:
    """Return the baseline's line profile, if there is one."""
    name = report.comparison.baseline.name
    runs = (run for run in report.profile_runs if run.profiler == "line" and run.variant.name == name)
    return next(runs, None)


def _profile_note(report: Report, profile: ProfileRun | None) -> Line:
    comparison = report.comparison
    if profile is None:
        command = f"perfkit profile {comparison.baseline.name} --pipeline {comparison.pipeline.name}"
        return line("Not profiled: run ", code(command), " to see which lines cost the time.")
    changed = changed_settings(profile.parameters, comparison.parameters)
    usual = {name: comparison.parameters[name] for name in changed if name in comparison.parameters}
    at = (
        line("with ", settings(changed), " (timed with ", settings(usual), ")")
        if changed
        else line("with the parameters that were timed")
    )
    sizes = [(profile.parameters.get(name), full) for name, full in usual.items() if type(full) is int]
    smaller = any(type(size) is int and size < full for size, full in sizes)
    return line(
        "Lines were profiled with line_profiler ",
        at,
        ". Times under a profiler are distorted; they explain and are used for no speedup.",
        " At the smaller size, what is paid once weighs more than in the timed runs." if smaller else "",
    )


def _change(report: Report, one: Optimisation, *, profiled: bool) -> Change:
    techniques = [line(strong(found.name), ": ", prose(found.evidence)) for found in one.techniques]
    speedup = stage_speedup(report, one.stage)
    return Change(
        # The ratio stands with the stage: it is not the function's.
        heading=line(
            code(one.stage) if one.stage else line(),
            line(" (", speedup[:1], ")") if speedup else line(),
            ": " if one.stage else "",
            code(one.function),
        ),
        speedup=line("Measured speedup of this stage: ", speedup, ".") if speedup else line(),
        hot_lines=_hot_lines(one.hot_lines) if profiled and one.hot_lines else None,
        before=_block(one.before),
        after=tuple(_block(block) for block in one.after),
        techniques=tuple(techniques) or (line("No known technique was recognised in this change."),),
    )


def _hot_lines(lines: tuple[HotLine, ...]) -> Table:
    return Table(
        columns=(
            Column(key="line", title="line", align="right"),
            Column(key="code", title="code"),
            Column(key="hits", title="hits", align="right"),
            Column(key="share", title="share of the stage", align="right"),
        ),
        rows=tuple(
            Row(
                cells=(
                    line(str(one.line)),
                    line(code(one.text.strip())),
                    line(units.count(one.hits)),
                    line(units.percent(one.share)),
                )
            )
            for one in lines
        ),
    )


def _block(block: CodeBlock) -> Block:
    cut = ", shortened" if block.cut else ""
    place = code(f"{block.file}:{block.first_line}")
    return Block(caption=line(code(block.function), " (", place, cut, ")"), text=block.text)


def techniques(report: Report) -> Table | None:
    """List each technique with the stages it was recognised in; None if there are none."""
    stages: dict[str, list[str]] = {}
    for one in report.optimisations:
        for technique in one.techniques:
            known = stages.setdefault(technique.name, [])
            where = one.stage or one.function
            if where not in known:
                known.append(where)
    if not stages:
        return None
    return Table(
        columns=(Column(key="technique", title="technique"), Column(key="stages", title="stages")),
        rows=tuple(
            Row(cells=(line(name), listed([line(code(path)) for path in paths])))
            for name, paths in stages.items()
        ),
    )


def profiles(report: Report) -> tuple[Profile, ...]:
    """List the functions with the largest self time under cProfile, one table a side."""
    return tuple(
        Profile(
            title=line(
                "Top functions of ",
                code(run.variant.name),
                " by self time (cProfile, inflated by the tracer)",
            ),
            table=_functions(run.functions),
        )
        for run in report.profile_runs
        if run.profiler == "cprofile" and run.functions
    )


def named_calls(function: FunctionCost) -> tuple[Line, Line, Line]:
    """Return a function's first cells: its name, where it is defined, and how often it was called."""
    place = line("built-in") if function.file == "~" else line(code(f"{function.file}:{function.line}"))
    return line(code(function.name)), place, line(units.count(function.calls))


def _functions(functions: tuple[FunctionCost, ...]) -> Table:
    top = sorted(functions, key=lambda one: (-one.self_s, one.file, one.line, one.name))[:_MOST_FUNCTIONS]
    self_s, cumulative_s = units.seconds_columns(
        [one.self_s for one in top], [one.cumulative_s for one in top]
    )
    return Table(
        columns=(
            Column(key="function", title="function"),
            Column(key="place", title="where"),
            Column(key="calls", title="calls", align="right"),
            Column(key="self", title="self", align="right"),
            Column(key="cumulative", title="with callees", align="right"),
        ),
        rows=tuple(
            Row(
                cells=(
                    *named_calls(one),
                    line(self_s[index]),
                    line(cumulative_s[index]),
                )
            )
            for index, one in enumerate(top)
        ),
    )
