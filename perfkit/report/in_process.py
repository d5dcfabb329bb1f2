"""Tables of what tests measured: in one process, beside an earlier run, and in fresh paired processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report import units
from perfkit.report.text import Column, Row, Table, code, line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.model import InProcessTiming, PairedResult, Unpaired

ONE_PROCESS = (
    "Timed in this process: each is one value, of which the process's memory layout and hash seed are part; "
    "its interval holds for the seconds in which it was timed. No verdict comes from it."
)
NOT_PAIRED = (
    "Not paired: the two runs were not side by side. A ratio holds whatever else changed between them, and "
    "no verdict comes from it."
)
FRESH = "Compared in fresh paired processes:"


def timings(found: Sequence[InProcessTiming]) -> Table:
    """Tabulate timings of one run."""
    noted = any(one.tracers or one.notes or one.garbage_collected is False for one in found)
    columns = [
        Column(key="test", title="test"),
        Column(key="median", title="median, 95 % interval", align="right"),
        Column(key="samples", title="samples", align="right"),
        Column(key="calls", title="calls each", align="right"),
    ]
    rows = [
        [
            line(code(one.name)),
            line(_median(one)),
            line(units.count(one.samples)),
            line(units.count(one.calls)),
        ]
        for one in found
    ]
    if noted:
        columns.append(Column(key="note", title=""))
        for row, one in zip(rows, found, strict=True):
            row.append(line("; ".join(_notes(one))))
    return Table(columns=tuple(columns), rows=tuple(Row(cells=tuple(one)) for one in rows))


def _median(one: InProcessTiming) -> str:
    if one.low_s is None or one.high_s is None:
        return f"{units.seconds(one.median_s)} [-]"
    if one.high_s <= one.low_s:
        return units.seconds(one.median_s)
    return units.seconds_between(one.median_s, (one.low_s, one.high_s))


def _notes(one: InProcessTiming) -> list[str]:
    traced = [f"traced by {', '.join(one.tracers)}"] if one.tracers else []
    collected = ["garbage collection is off"] if one.garbage_collected is False else []
    return [*traced, *collected, *one.notes]


def unpaired(found: Sequence[Unpaired]) -> Table:
    """Tabulate timings beside those of an earlier run."""
    noted = any(_caveats(one) for one in found)
    columns = [
        Column(key="test", title="test"),
        Column(key="then", title="then", align="right"),
        Column(key="now", title="now", align="right"),
        Column(key="ratio", title="then / now", align="right"),
    ]
    rows = [
        [
            line(code(one.name)),
            line(_seconds(one.before)),
            line(_seconds(one.after)),
            line(units.NONE if one.ratio is None else units.single_ratio(one.ratio)),
        ]
        for one in found
    ]
    if noted:
        columns.append(Column(key="note", title=""))
        for row, one in zip(rows, found, strict=True):
            row.append(line("; ".join(_caveats(one))))
    return Table(columns=tuple(columns), rows=tuple(Row(cells=tuple(one)) for one in rows))


def _caveats(one: Unpaired) -> tuple[str, ...]:
    if one.before is None:
        return ("not measured then",)
    return one.caveats if one.after is not None else ("not measured now",)


def _seconds(one: InProcessTiming | None) -> str:
    return units.seconds(None if one is None else one.median_s)


def paired(found: Sequence[PairedResult]) -> Table:
    """Tabulate comparisons in fresh paired processes."""
    columns = (
        Column(key="test", title="test"),
        Column(key="sides", title="baseline → contender"),
        Column(key="speedup", title="speedup", align="right"),
        Column(key="interval", title="95 % interval", align="right"),
        Column(key="pairs", title="pairs", align="right"),
        Column(key="verdict", title="verdict"),
        Column(key="outputs", title="outputs"),
    )
    rows = [
        Row(
            cells=(
                line(code(one.test)),
                line(code(one.baseline), " → ", code(one.contender)),
                line(units.ratio(one.speedup)),
                line(units.interval(one.speedup)),
                line(units.count(one.pairs)),
                line(one.verdict),
                line(one.outputs),
            )
        )
        for one in found
    ]
    return Table(columns=columns, rows=tuple(rows))
