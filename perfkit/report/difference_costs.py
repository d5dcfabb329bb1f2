"""Tables of what functions and stages cost before and after, each of which adds up to its total."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from perfkit.report import units
from perfkit.report.text import Column, Line, Row, Table, code, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import Difference, FunctionCost, FunctionDelta, StageDelta

CostKind: TypeAlias = Literal["matched", "new", "vanished", "more", "rest", "total"]

NARROW = ("function", "calls_before", "calls_after", "before", "after", "saved", "share")
"""Columns of a table of functions for 80 characters."""
PAGE = (*NARROW, "how")
"""Columns of a table of functions for a page."""

_NOT_COVERED = 1e-3  # of the larger total: less is rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """What a renderer with colours needs of a row.

    Attributes
    ----------
    kind
        ``more`` sums up functions that are not listed, ``rest`` is what no function covers.
    share
        Of the total saving, 0 to 1; None where there is none.
    lost
        Whether it costs more than before.
    remark
        How the functions were matched, if it goes without saying neither by `kind` nor by their names.
    place
        Where the function is defined, before or else after; empty for a built-in one and for sums.
    """

    kind: CostKind
    share: float | None
    lost: bool
    remark: Line = ()
    place: Line = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """A table of functions or stages, a row of `rows` beside each of the table's; the last is the total."""

    heading: Line
    table: Table
    rows: tuple[CostRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A row before its times are printed."""

    kind: CostKind
    label: Line
    before_s: float | None
    after_s: float | None
    saved_s: float
    before_calls: str = ""
    after_calls: str = ""
    remark: Line = ()
    how: Line = ()
    place: Line = ()


def stages(difference: Difference) -> Costs:
    """Set the stages beside each other; what they do not cover is a row of its own."""
    before, after = difference.before.total_s, difference.after.total_s
    entries = [
        _Entry(
            kind="matched",
            label=stage_name(one),
            before_s=one.before_s,
            after_s=one.after_s,
            saved_s=one.before_s - one.after_s,
        )
        for one in difference.stages
    ]
    entries += _remainder(entries, before, after, line("in no stage"))
    entries.append(_total(before, after))
    return _costs(line("Stages, inner ones excluded"), "stage", entries, before - after)


def over_all(difference: Difference, most: int) -> Costs:
    """List the functions over all stages, at most so many; all else is a row of its own."""
    before, after = difference.before.total_s, difference.after.total_s
    entries = [_function(one) for one in difference.functions[:most]]
    entries += _remainder(entries, before, after, line("all else"))
    entries.append(_total(before, after))
    return _costs(line("Functions over all stages"), "function", entries, before - after)


def of_stage(stage: StageDelta, most: int, *, alone: bool) -> Costs:
    """List the functions of a stage, at most so many; the others are summed up, and the rest is a row.

    Shares are of what the stage saved, so that they add up as its times do.
    """
    shown, hidden = stage.functions[:most], stage.functions[most:]
    entries = [_function(one) for one in shown]
    more = len(hidden) + stage.more
    if more:
        listed_before_s, listed_after_s = (
            math.fsum(times) for times in zip(*map(_self_s, shown), strict=True)
        )
        entries.append(
            _Entry(
                kind="more",
                label=line(f"and {units.count(more)} more"),
                before_s=_nothing(stage.before_s - stage.rest_before_s - listed_before_s, stage.before_s),
                after_s=_nothing(stage.after_s - stage.rest_after_s - listed_after_s, stage.after_s),
                saved_s=math.fsum([*(one.saved_self_s for one in hidden), stage.more_saved_s]),
            )
        )
    if stage.rest_before_s or stage.rest_after_s:
        entries.append(
            _Entry(
                kind="rest",
                label=line("in no function"),
                before_s=stage.rest_before_s,
                after_s=stage.rest_after_s,
                saved_s=stage.rest_before_s - stage.rest_after_s,
            )
        )
    entries.append(_total(stage.before_s, stage.after_s))
    if alone:
        heading = line("Functions")
    else:
        heading = line("Functions ", "in " if stage.path else "", stage_name(stage))
    return _costs(heading, "function", entries, stage.before_s - stage.after_s)


def stage_name(stage: StageDelta) -> Line:
    """Name a stage; what no stage covers has no path."""
    return line(code(stage.path)) if stage.path else line("outside stages")


def _self_s(delta: FunctionDelta) -> tuple[float, float]:
    return (delta.before.self_s if delta.before else 0.0, delta.after.self_s if delta.after else 0.0)


def _total(before_s: float, after_s: float) -> _Entry:
    return _Entry(
        kind="total", label=line("total"), before_s=before_s, after_s=after_s, saved_s=before_s - after_s
    )


def _remainder(entries: Sequence[_Entry], before_s: float, after_s: float, label: Line) -> list[_Entry]:
    """Return a row for what the rows leave of the total, unless that is only rounding."""
    left = [
        whole - math.fsum(times)
        for whole, times in (
            (before_s, [one.before_s or 0.0 for one in entries]),
            (after_s, [one.after_s or 0.0 for one in entries]),
        )
    ]
    if all(abs(one) <= _NOT_COVERED * max(before_s, after_s) for one in left):
        return []
    return [_Entry(kind="rest", label=label, before_s=left[0], after_s=left[1], saved_s=left[0] - left[1])]


def _nothing(left_s: float, whole_s: float) -> float:
    """Return what is left of a sum; what the adding of floats leaves is nothing."""
    return 0.0 if abs(left_s) <= 1e-9 * max(abs(whole_s), 1.0) else left_s


def _function(delta: FunctionDelta) -> _Entry:
    kind, remark = _match(delta)
    before_s, after_s = (None if one is None else one.self_s for one in (delta.before, delta.after))
    names = [_name(one) for one in (delta.before, delta.after) if one is not None]
    label = line(code(names[0]), *(line(" → ", code(name)) for name in names[1:] if name != names[0]))
    known = delta.before or delta.after
    return _Entry(
        kind=kind,
        label=label,
        before_s=before_s,
        after_s=after_s,
        saved_s=delta.saved_self_s,
        before_calls=_calls(delta.before),
        after_calls=_calls(delta.after),
        remark=remark,
        how=remark or line(kind if kind in {"new", "vanished"} else delta.how),
        place=_place(known),
    )


def _name(function: FunctionCost) -> str:
    return function.qualified or function.name


def _calls(function: FunctionCost | None) -> str:
    return units.NONE if function is None else units.count(function.calls)


def _place(function: FunctionCost | None) -> Line:
    if function is None or function.file == "~":
        return ()
    return line(code(f"{function.file}:{function.line}"))


def _match(delta: FunctionDelta) -> tuple[CostKind, Line]:
    """Say on which sides a function is, and what must be said of how it was matched."""
    both = delta.before is not None and delta.after is not None
    unmatched = delta.how in {"new", "vanished", "suggested"} and not both
    kind: CostKind = "matched" if not unmatched else "new" if delta.before is None else "vanished"
    words: list[Line] = []
    if delta.partner:
        guess = "perhaps was " if delta.before is None else "perhaps became "
        words.append(line(guess, code(delta.partner)))
    if unmatched:
        if delta.rolled_into:
            words.append(line("called from ", code(delta.rolled_into)))
        return kind, _enumerated([line(kind), *words]) if words else ()
    if delta.how == "similar":
        alike = (
            f", {units.share(delta.similarity)} of its lines alike" if delta.similarity is not None else ""
        )
        words.append(line(f"similar{alike}"))
    elif delta.how != "same name":
        words.append(line(delta.how))
    if not both:
        words.append(line("not in this stage ", "after" if delta.after is None else "before"))
    return kind, _enumerated(words)


def _enumerated(words: Sequence[Line]) -> Line:
    """Join remarks that are no sentence: a, b."""
    return line(*[part for word in words for part in (line(", "), word)][1:])


def _costs(heading: Line, first: str, entries: Sequence[_Entry], total_saved_s: float) -> Costs:
    """Print the times of all rows in one unit a column, with the same decimals, so that they add up."""
    before, after = units.seconds_columns([one.before_s for one in entries], [one.after_s for one in entries])
    saved = units.seconds_column([one.saved_s for one in entries], signed=True)
    shares = [one.saved_s / total_saved_s if total_saved_s > 0 else None for one in entries]
    by_function = first == "function"
    columns = [
        Column(key=first, title=first),
        *(
            [
                Column(key="place", title="where"),
                Column(key="calls_before", title="calls before", align="right"),
                Column(key="calls_after", title="calls after", align="right"),
            ]
            if by_function
            else []
        ),
        Column(key="before", title="self before" if by_function else "before", align="right"),
        Column(key="after", title="self after" if by_function else "after", align="right"),
        Column(key="saved", title="saved", align="right"),
        Column(key="share", title="share of the saving", align="right", short="share"),
        *([Column(key="how", title="matched by")] if by_function else []),
    ]
    rows = []
    for index, one in enumerate(entries):
        cells = [
            one.label,
            *([one.place, line(one.before_calls), line(one.after_calls)] if by_function else []),
            line(before[index]),
            line(after[index]),
            line(saved[index]),
            line(units.percent(shares[index])),
            *([one.how] if by_function else []),
        ]
        rows.append(Row(cells=tuple(cells), strong=one.kind == "total"))
    table = Table(columns=tuple(columns), rows=tuple(rows))
    return Costs(
        heading=heading,
        table=table if total_saved_s > 0 else table.only(*(one.key for one in columns if one.key != "share")),
        rows=tuple(
            CostRow(kind=one.kind, share=share, lost=one.saved_s < 0, remark=one.remark, place=one.place)
            for one, share in zip(entries, shares, strict=True)
        ),
    )
