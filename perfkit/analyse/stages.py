"""Stage by stage: how long, how much faster, and which share of the saving; rows that add up."""

from __future__ import annotations

import dataclasses
import math
import statistics
from typing import TYPE_CHECKING

from perfkit.analyse import stats
from perfkit.model import Breakdown, Estimate, StageRow, TimingRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    Pairs: TypeAlias = Sequence[tuple[TimingRun, TimingRun]]
    Times: TypeAlias = list[float | None]


def breakdown(pairs: Pairs, *, sequential: bool = False) -> Breakdown:
    """Break the speedup down by stage.

    Times are means over the pairs, because means add up: the rows of one depth under one parent, its own
    code included, sum to the parent, and the rows of depth 0 to the total. Speedups are medians of the
    pairs' ratios.

    Parameters
    ----------
    pairs
        Clean runs, (baseline, contender), at least one pair.
    sequential
        Whether the number of pairs depended on the intervals; see `perfkit.analyse.stats.estimate`.

    Raises
    ------
    TypeError
        If one of the runs is not a `TimingRun`: profiles yield no speedup.
    ValueError
        If there are no pairs.
    """
    if not pairs:
        raise ValueError("a breakdown needs at least one pair")
    if not all(isinstance(run, TimingRun) for pair in pairs for run in pair):
        raise TypeError("a speedup comes only from clean runs (TimingRun)")

    def ratio(of: Callable[[TimingRun], float]) -> Estimate:
        logs = [math.log(of(baseline) / of(contender)) for baseline, contender in pairs]
        return stats.estimate(logs, sequential=sequential)

    def mean(side: int, of: Callable[[TimingRun], float]) -> float:
        return statistics.fmean(of(pair[side]) for pair in pairs)

    run = ratio(lambda one: one.run_s)
    return Breakdown(
        rows=_rows(pairs, sequential=sequential),
        run=run,
        process=ratio(lambda one: one.process_s),
        baseline_s=mean(0, lambda one: one.run_s),
        contender_s=mean(1, lambda one: one.run_s),
        baseline_process_s=mean(0, lambda one: one.process_s),
        contender_process_s=mean(1, lambda one: one.process_s),
        baseline_import_s=mean(0, lambda one: one.import_s),
        contender_import_s=mean(1, lambda one: one.import_s),
        baseline_inputs_s=mean(0, lambda one: one.inputs_s),
        contender_inputs_s=mean(1, lambda one: one.inputs_s),
        baseline_cpu_s=mean(0, lambda one: one.cpu_s),
        contender_cpu_s=mean(1, lambda one: one.cpu_s),
        baseline_peak_bytes=_peak([baseline for baseline, _ in pairs]),
        contender_peak_bytes=_peak([contender for _, contender in pairs]),
        verdict=stats.verdict(run),
    )


def _peak(runs: Sequence[TimingRun]) -> int | None:
    """Return the median peak over the runs, or None if one of them has none."""
    peaks = [run.peak_rss_bytes for run in runs if run.peak_rss_bytes is not None]
    return round(statistics.median(peaks)) if len(peaks) == len(runs) else None


def _ordered_paths(runs: Iterable[TimingRun], *, main: bool) -> list[str]:
    """Return all stages' paths depth first: the baseline's order, what is new after its siblings."""
    children: dict[str, list[str]] = {}
    for run in runs:
        for stage in run.stages:
            parent = stage.path.rpartition("/")[0]
            siblings = children.setdefault(parent, [])
            if stage.in_main_thread is main and stage.path not in siblings:
                siblings.append(stage.path)

    def below(parent: str) -> list[str]:
        return [path for child in children.get(parent, ()) for path in (child, *below(child))]

    return below("")


def _rows(pairs: Pairs, *, sequential: bool) -> tuple[StageRow, ...]:
    runs = [*(baseline for baseline, _ in pairs), *(contender for _, contender in pairs)]
    main = _ordered_paths(runs, main=True)
    saving = statistics.fmean(b.run_s for b, _ in pairs) - statistics.fmean(c.run_s for _, c in pairs)

    def make(path: str, kind: str, baseline: Times, contender: Times, calls: tuple[float, float]) -> StageRow:
        return _row(path, kind, baseline, contender, calls, saving=saving, sequential=sequential)

    rows: list[StageRow] = []

    def add(path: str) -> None:
        baseline, contender = _times(pairs, 0, path), _times(pairs, 1, path)
        rows.append(make(path, "stage", baseline, contender, _calls(pairs, path)))
        children = [child for child in main if child.rpartition("/")[0] == path]
        for child in children:
            add(child)
        if children:
            own = [_rest(pairs, side, times, children) for side, times in ((0, baseline), (1, contender))]
            rows.append(make(path, "own code", own[0], own[1], (0, 0)))

    top = [path for path in main if "/" not in path]
    for path in top:
        add(path)
    totals: list[Times] = [[pair[side].run_s for pair in pairs] for side in (0, 1)]
    if top:
        rest = [_rest(pairs, side, totals[side], top) for side in (0, 1)]
        rows.append(make("", "outside stages", rest[0], rest[1], (0, 0)))
    _mark_biggest(rows)
    rows.append(make("", "total", totals[0], totals[1], (1, 1)))
    for path in _ordered_paths(runs, main=False):
        times = [_times(pairs, side, path, main=False) for side in (0, 1)]
        rows.append(make(path, "other thread", times[0], times[1], _calls(pairs, path, main=False)))
    return tuple(rows)


def _times(pairs: Pairs, side: int, path: str, *, main: bool = True) -> Times:
    """Return a stage's time in each run of one side; None where the run has no such stage."""
    found: Times = []
    for pair in pairs:
        own = [s.total_s for s in pair[side].stages if s.path == path and s.in_main_thread is main]
        found.append(sum(own) if own else None)
    return found


def _calls(pairs: Pairs, path: str, *, main: bool = True) -> tuple[float, float]:
    baseline, contender = (
        statistics.fmean(
            sum(s.calls for s in pair[side].stages if s.path == path and s.in_main_thread is main)
            for pair in pairs
        )
        for side in (0, 1)
    )
    return baseline, contender


def _rest(pairs: Pairs, side: int, whole: Times, parts: Sequence[str]) -> Times:
    """Return what is left of a whole when its parts are taken away, run by run."""
    left = list(whole)
    for part in parts:
        for index, time in enumerate(_times(pairs, side, part)):
            before = left[index]
            if before is not None and time is not None:
                left[index] = before - time
    return left


def _row(
    path: str,
    kind: str,
    baseline: Times,
    contender: Times,
    calls: tuple[float, float],
    *,
    saving: float,
    sequential: bool,
) -> StageRow:
    logs = [
        math.log(b / c)
        for b, c in zip(baseline, contender, strict=True)
        if b is not None and c is not None and b > 0 and c > 0
    ]
    baseline_s, contender_s = _mean(baseline), _mean(contender)
    saved_s = (baseline_s or 0.0) - (contender_s or 0.0)
    return StageRow(
        path=path,
        depth=path.count("/") + (kind == "own code"),
        kind=kind,  # type: ignore[arg-type]
        baseline_s=baseline_s,
        contender_s=contender_s,
        baseline_calls=calls[0],
        contender_calls=calls[1],
        # A ratio of what only some pairs have would be of other runs than the rest of the table.
        speedup=stats.estimate(logs, sequential=sequential) if len(logs) == len(baseline) else None,
        saved_s=saved_s,
        saved_share=saved_s / saving if saving else None,
    )


def _mean(times: Times) -> float | None:
    """Mean over all runs; a run without the stage spent no time in it."""
    if all(time is None for time in times):
        return None
    return statistics.fmean(time or 0.0 for time in times)


def _mark_biggest(rows: list[StageRow]) -> None:
    """Mark the stage without children that saves most, if one saves anything."""
    parents = {row.path.rpartition("/")[0] for row in rows if row.kind == "stage"}
    leaves = [i for i, row in enumerate(rows) if row.kind == "stage" and row.path not in parents]
    best = max(leaves, key=lambda i: rows[i].saved_s, default=None)
    if best is not None and rows[best].saved_s > 0:
        rows[best] = dataclasses.replace(rows[best], biggest=True)
