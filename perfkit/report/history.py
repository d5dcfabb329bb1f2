"""How a speedup went, as ordered sections of ready strings."""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.report import units
from perfkit.report.text import Column, Line, Row, Table, code, line, listed, prose, strong

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.model.history import History, HistoryPoint, Series, Shift

OUTPUTS = {"verified": "✅", "different": "❌", "not verified": "❔", "not compared": "⚪"}
"""By the verdict on the outputs: its mark."""

_SHORT_COMMIT = 9
_BLOCKS = "▁▂▃▄▅▆▇█"
_SPARK = 24
_FLAT = math.log1p(0.02)
"""What varies less than this is drawn flat: the smallest noise would fill the height."""
_MOST_ALONGSIDE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesView:
    """One series.

    Attributes
    ----------
    conditions
        What its comparisons have in common.
    headline
        Where it stands, then a sentence for each change.
    rows
        A row for each comparison.
    stages
        A row for each stage, all of ``run`` first; None if one stage was asked for, or there is none.
    changed
        By the index of a row: whether a change begins there.
    """

    title: Line
    conditions: Line
    headline: tuple[Line, ...]
    rows: Table
    stages: Table | None
    changed: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """What a renderer gets, in the order in which it is told."""

    title: Line
    series: tuple[SeriesView, ...]
    method: tuple[Line, ...]
    notes: tuple[Line, ...]


def build(history: History) -> HistoryView:
    """Turn a history into what there is to say about it."""
    of = line(" of stage ", code(history.stage)) if history.stage else line()
    return HistoryView(
        title=line("History", of, ": ", code(history.pipeline)),
        series=tuple(_series(history, one) for one in history.series),
        method=tuple(_method(history)),
        notes=tuple(prose(f"{one[0].upper()}{one[1:]}.") for one in history.notes),
    )


def _series(history: History, series: Series) -> SeriesView:
    stage = history.stage or ""
    shifts = [one for one in series.shifts if one.stage == stage]
    begins = {one.index for one in shifts}
    return SeriesView(
        title=line(code(series.contender), " against ", code(series.baseline)),
        conditions=_conditions(series),
        headline=(*_standing(history, series, stage), *(_shift(series, one) for one in shifts)),
        rows=_rows(series, stage, shifts),
        stages=_stages(series) if not stage and len(series.stages) > 1 else None,
        changed=tuple(index in begins for index in range(len(series.points))),
    )


def _conditions(series: Series) -> Line:
    same = series.conditions
    order = "along git's history" if series.order == "commits" else "by date: not all commits are known here"
    return line(
        f"{same.machine}; {same.python}; ",
        *([code(same.parameters)] if same.parameters else ["no parameters"]),
        f"; {same.sampling} runs; source of the baseline ",
        code(series.baseline_digest),
        f"; {order}.",
    )


def _standing(history: History, series: Series, stage: str) -> Iterator[Line]:
    having = [one for one in series.points if stage in one.speedups]
    if not having:
        yield line("No comparison timed this stage on both sides.")
        return
    latest = having[-1]
    found = latest.speedups[stage]
    yield line(
        "Latest, ",
        *_where(latest),
        ": ",
        strong(units.ratio(found)),
        f" {units.interval(found)}." if found.low is not None else f" ({units.interval(found)}).",
    )
    if len(having) < history.fewest:
        n = len(having)
        yield line(
            f"{n} {'comparison' if n == 1 else 'comparisons'}: too few to look for changes, "
            f"which takes {history.fewest}."
        )
    elif not any(one.stage == stage for one in series.shifts):
        yield line(f"No change found in {len(having)} comparisons.")


def _where(point: HistoryPoint) -> tuple[Line, ...]:
    """Name a comparison by its commit, or by its own id."""
    if not point.commit:
        return (line("comparison ", code(point.comparison)),)
    subject = f" ({point.subject})" if point.subject else ""
    changed = " with uncommitted changes" if point.dirty else ""
    return (line(code(point.commit[:_SHORT_COMMIT]), changed, subject),)


def _shift(series: Series, shift: Shift) -> Line:
    """Say what changed, by how much, and what else changed with it."""
    point = series.points[shift.index]
    way = "fell" if shift.ratio.value < 1 else "rose"
    also = ""
    if shift.alongside:
        named = "; ".join(shift.alongside[:_MOST_ALONGSIDE])
        more = len(shift.alongside) - _MOST_ALONGSIDE
        also = f" Also changed there: {named}{f'; {more} more' if more > 0 else ''}."
    return line(
        strong("Change"),
        " at ",
        *_where(point),
        f": the speedup {way} from {units.single_ratio(shift.before)} to {units.single_ratio(shift.after)}, "
        f"by the factor {units.bare_ratio(shift.ratio)} {units.interval(shift.ratio)} "
        f"(p = {shift.p_value:.1g}).",
        also,
    )


def mark(shift: Shift) -> str:
    """Print a change in short: ``▼ 0.80x``."""
    return f"{'▼' if shift.ratio.value < 1 else '▲'} {units.ratio(shift.ratio)}"


def commit(point: HistoryPoint) -> str:
    """Print a commit in short; ``+`` for uncommitted changes."""
    return f"{point.commit[:_SHORT_COMMIT]}{'+' if point.dirty else ''}" if point.commit else units.NONE


def _rows(series: Series, stage: str, shifts: Sequence[Shift]) -> Table:
    at = {one.index: mark(one) for one in shifts}
    columns = (
        Column(key="commit", title="commit"),
        Column(key="date", title="date"),
        Column(key="speedup", title="speedup", align="right"),
        Column(key="interval", title="95 % interval", align="right"),
        Column(key="change", title="change"),
        Column(key="outputs", title="outputs", short=" "),
        Column(key="baseline", title=f"{series.baseline}, not paired", align="right"),
        Column(key="contender", title=f"{series.contender}, not paired", short="not paired", align="right"),
        Column(key="subject", title="subject"),
    )
    rows = []
    for index, one in enumerate(series.points):
        found = one.speedups.get(stage)
        cells = (
            line(code(commit(one))) if one.commit else line(units.NONE),
            line(one.started_at[:10]),
            line(units.ratio(found)),
            line(units.interval(found)),
            line(at.get(index, "")),
            line(f"{OUTPUTS[one.outputs]} {one.outputs}"),
            line(units.seconds(one.baseline_s.get(stage))),
            line(units.seconds(one.contender_s.get(stage))),
            line(one.subject),
        )
        rows.append(Row(cells=cells, strong=index in at))
    return Table(columns=columns, rows=tuple(rows))


def _stages(series: Series) -> Table:
    columns = (
        Column(key="stage", title="stage"),
        Column(key="first", title="first", align="right"),
        Column(key="latest", title="latest", align="right"),
        Column(key="interval", title="95 % interval", align="right"),
        Column(key="trend", title="trend"),
        Column(key="changes", title="changes"),
    )
    rows = []
    for stage in series.stages:
        having = [one for one in series.points if stage in one.speedups]
        first, latest = having[0].speedups[stage], having[-1].speedups[stage]
        changes = [
            line(f"{mark(one)} at ", code(commit(series.points[one.index])))
            for one in series.shifts
            if one.stage == stage
        ]
        rows.append(
            Row(
                cells=(
                    line(code(stage)) if stage else line("all of ", code("run")),
                    line(units.ratio(first)),
                    line(units.ratio(latest)),
                    line(units.interval(latest)),
                    line(sparkline([one.speedups[stage].value for one in having])),
                    listed(changes) if changes else line(""),
                ),
                strong=not stage,
            )
        )
    # All of run is the last row, as in every table of stages.
    return Table(columns=columns, rows=(*rows[1:], rows[0]))


def sparkline(values: Sequence[float], width: int = _SPARK) -> str:
    """Draw ratios as a row of blocks on a logarithmic scale: ``▇▇█▂▁▂``.

    Parameters
    ----------
    values
        Above 0. More than `width` are drawn as medians of as many neighbours as fit.
    """
    logs = [math.log(one) for one in values]
    if len(logs) > width:
        edges = [round(index * len(logs) / width) for index in range(width + 1)]
        logs = [statistics.median(logs[a:b]) for a, b in itertools.pairwise(edges)]
    low, high = min(logs), max(logs)
    if high - low < _FLAT:
        return _BLOCKS[3] * len(logs)
    steps = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round((one - low) / (high - low) * steps)] for one in logs)


def _method(history: History) -> Iterator[Line]:
    yield line(
        "Each row is a comparison. Its two sides ran in pairs in one session, so its speedup stands for "
        "itself. Rows of one series share the baseline's source, the make of machine, Python, the parameters "
        "and the kind of run; what differs in one of these is another series. Two machines of one make are "
        "not told apart."
    )
    yield line(
        "The times are medians over a comparison's pairs, told for orientation: they come from different "
        "sessions and are not paired, so no change is looked for among them."
    )
    yield line(
        f"A change is where the level of the speedups differs before and after, each level of "
        f"{history.shortest} comparisons at least, tested at {units.percent(history.alpha, 0)} against noise "
        "as correlated as the series' own. That is for each stage by itself: of a hundred stages without a "
        f"change one may show one. A change below {units.percent(history.smallest_effect, 0)} is not told. "
        "Its place is an estimate, and a factor that was found because it is large is on the large side."
    )
