"""Two profiles compared, as ordered sections of ready strings: every unit is formatted once, here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from perfkit.report import difference_costs as costs
from perfkit.report import difference_lines, units
from perfkit.report.text import Line, code, line, listed, prose, strong

if TYPE_CHECKING:
    from perfkit.model import Difference, ProfiledSide
    from perfkit.report.difference_costs import Costs
    from perfkit.report.difference_lines import LinesView

MOST = 12
"""Functions over all stages that are listed, unless told otherwise."""
MOST_IN_STAGE = 8
"""Functions of one stage that are listed, unless told otherwise."""

_MINOR = 0.01  # of all that the stages saved and cost


@dataclass(frozen=True, slots=True, kw_only=True)
class StageView:
    """The functions of one stage.

    Attributes
    ----------
    minor
        Whether it saved or cost less than 1 % of what all stages did, so that a short rendering may leave it
        out.
    """

    costs: Costs
    minor: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceView:
    """What a renderer gets, in the order in which it is told.

    Attributes
    ----------
    tone
        ``good`` if there is a saving, ``bad`` if it costs more, ``open`` if nothing differs.
    caution
        Whose times these are, and that no speedup follows.
    sides
        Before and after: whose profile, which run, how recorded.
    stages
        Stage by stage; None where the profiles know no stages.
    functions
        Over all stages; None where there is one alone.
    by_stage
        All stages with functions, in the order of the pipeline.
    minor
        Names the minor stages; empty if there are none, or nothing differs.
    lines_note
        How lines were profiled; empty without `lines`.
    """

    title: Line
    tone: Literal["good", "open", "bad"]
    headline: Line
    caution: Line
    sides: tuple[Line, ...]
    stages: Costs | None
    functions: Costs | None
    by_stage: tuple[StageView, ...]
    minor: Line
    lines_note: Line
    lines: tuple[LinesView, ...]
    notes: tuple[Line, ...]


def build(difference: Difference, *, most: int = MOST, most_in_stage: int = MOST_IN_STAGE) -> DifferenceView:
    """Turn two compared profiles into what there is to say about them.

    Parameters
    ----------
    difference
        It is not changed.
    most, most_in_stage
        How many functions to list over all and in each stage; the others are summed up in a row, so that
        every table adds up to its total.
    """
    before_s, after_s = difference.before.total_s, difference.after.total_s
    saved_s = before_s - after_s
    staged = len(difference.stages) > 1
    moved_s = math.fsum(abs(one.before_s - one.after_s) for one in difference.stages)
    with_functions = [one for one in difference.stages if one.functions]
    by_stage = tuple(
        StageView(
            costs=costs.of_stage(one, most_in_stage if staged else most, alone=not staged),
            minor=staged and abs(one.before_s - one.after_s) <= _MINOR * moved_s,
        )
        for one in with_functions
    )
    minor = [costs.stage_name(one) for one, made in zip(with_functions, by_stage, strict=True) if made.minor]
    return DifferenceView(
        title=line("Profiles compared: ", code(difference.before.title), " → ", code(difference.after.title)),
        tone="good" if saved_s > 0 else "bad" if saved_s < 0 else "open",
        headline=_headline(difference),
        caution=line(
            "Times are inflated by the profiler, and not evenly: they show where time went. No speedup is "
            "computed from them; clean, paired runs give that (",
            code("perfkit compare"),
            ").",
        ),
        sides=(_side("Before", difference.before), _side("After", difference.after)),
        stages=costs.stages(difference) if staged else None,
        functions=costs.over_all(difference, most) if staged or not difference.stages else None,
        by_stage=by_stage,
        minor=line("Less than 1 % of what was saved and lost: ", listed(minor), ".")
        if minor and moved_s
        else (),
        lines_note=_lines_note(difference),
        lines=tuple(difference_lines.build(one) for one in difference.lines),
        notes=tuple(prose(one) for one in difference.notes),
    )


# ---------------------------------------------------------------- the head


def _headline(difference: Difference) -> Line:
    before, after = difference.before, difference.after
    saved_s = before.total_s - after.total_s
    amount = units.seconds(abs(saved_s))
    verdict = (
        strong(f"{amount} saved")
        if saved_s > 0
        else strong(f"{amount} more than before")
        if saved_s < 0
        else strong("no difference")
    )
    times = (
        line(
            f"Under {before.profiler}: ",
            f"{units.seconds(before.total_s)} before, {units.seconds(after.total_s)} after",
        )
        if before.profiler == after.profiler
        else line(
            f"{units.seconds(before.total_s)} before, under {before.profiler}; ",
            f"{units.seconds(after.total_s)} after, under {after.profiler}",
        )
    )
    return line(times, ": ", verdict, ".")


def _side(word: str, side: ProfiledSide) -> Line:
    """Say whose profile a side is."""
    facts = [
        line("run ", code(side.run_id)) if side.run_id else line("not recorded by perfkit"),
        line(side.profiler),
        *([line(f"Python {side.python}")] if side.python else []),
        *([line(code(side.size))] if side.size else []),
    ]
    joined: list[Line] = [one for fact in facts for one in (line(", "), fact)]
    return line(f"{word}: ", code(side.title), *joined, ".")


def _lines_note(difference: Difference) -> Line:
    if not difference.lines:
        return ()
    size = (
        line(" at ", code(difference.lines_size), ", a size of its own") if difference.lines_size else line()
    )
    return line(
        "Lines were profiled with line_profiler",
        size,
        ": shares are of all lines of the function on that side, and a line's time includes what it calls.",
    )
