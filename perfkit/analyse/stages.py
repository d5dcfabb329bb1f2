"""Stage by stage: how long, how much faster, and which share of the saving; rows that add up."""

from __future__ import annotations

import dataclasses
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse import diagnosis, savings, stats
from perfkit.model import Breakdown, Estimate, StageRow, TimingRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    Pairs: TypeAlias = Sequence[tuple[TimingRun, TimingRun]]
    Times: TypeAlias = list[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Design:
    """What an estimate needs to know besides its values.

    Attributes
    ----------
    groups
        Of each pair: pairs of one group are not independent of each other.
    """

    groups: Sequence[int]
    sequential: bool
    alpha: float
    smallest_effect: float

    def estimate(self, log_ratios: Sequence[float], *, of: int = 1) -> Estimate:
        """Estimate a ratio, one `of` several that verdicts are made on."""
        members = stats.members(log_ratios, self.groups)
        values = [statistics.median(one) for one in members]
        # Bonferroni: simultaneous intervals, so that one wrong verdict among all rows is as rare as on one.
        found = stats.estimate(values, sequential=self.sequential, alpha=self.alpha / of)
        return dataclasses.replace(found, group=max(map(len, members)))


def breakdown(
    pairs: Pairs,
    *,
    groups: Sequence[int] | None = None,
    sequential: bool = False,
    alpha: float = stats.ALPHA,
    smallest_effect: float = stats.SMALLEST_EFFECT,
) -> Breakdown:
    """Break the speedup down by stage.

    Times are means over the pairs, because means add up: the rows of one depth under one parent, its own
    code included, sum to the parent, and the rows of depth 0 to the total. Speedups are medians of the
    pairs' ratios.

    Parameters
    ----------
    pairs
        Clean runs, (baseline, contender), at least one pair.
    groups
        The group of each pair; None if each is independent of all others.
    sequential, alpha
        As for `perfkit.analyse.stats.estimate`. Verdicts on stages are corrected for their number.
    smallest_effect
        As for `perfkit.analyse.stats.verdict`.

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

    design = _Design(
        groups=groups if groups is not None else range(len(pairs)),
        sequential=sequential,
        alpha=alpha,
        smallest_effect=smallest_effect,
    )

    def ratio(of: Callable[[TimingRun], float]) -> Estimate:
        return design.estimate([math.log(of(baseline) / of(contender)) for baseline, contender in pairs])

    def mean(side: int, of: Callable[[TimingRun], float]) -> float:
        return statistics.fmean(of(pair[side]) for pair in pairs)

    run = ratio(lambda one: one.run_s)
    ours, theirs = ([pair[side].run_s for pair in pairs] for side in (0, 1))
    return Breakdown(
        rows=_rows(pairs, design),
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
        verdict=stats.verdict(run, smallest_effect),
        verdicts_at=1 - alpha,
        needed=stats.needed(run, smallest_effect),
        sign_test=stats.enough(run.n, 1 - alpha),
        baseline_first_s=mean(0, lambda one: one.first_s),
        contender_first_s=mean(1, lambda one: one.first_s),
        disturbed={one.id: why for pair in pairs for one in pair if (why := diagnosis.disturbed(one))},
        notes=diagnosis.notes(
            *(
                [statistics.median(one) for one in stats.members(times, design.groups)]
                for times in (ours, theirs)
            )
        ),
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


def _rows(pairs: Pairs, design: _Design) -> tuple[StageRow, ...]:
    runs = [*(baseline for baseline, _ in pairs), *(contender for _, contender in pairs)]
    main = _ordered_paths(runs, main=True)
    others = _ordered_paths(runs, main=False)
    saved = [b.run_s - c.run_s for b, c in pairs]
    # As many verdicts as there are rows, the total's not among them: that is the comparison's own.
    verdicts = max(1, len(main) + len({path.rpartition("/")[0] for path in main}) + len(others))

    def make(path: str, kind: str, baseline: Times, contender: Times, calls: tuple[float, float]) -> StageRow:
        of = 1 if kind == "total" else verdicts
        return _row(path, kind, baseline, contender, calls, saved=saved, design=design, of=of)

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
    for path in others:
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
    saved: Sequence[float],
    design: _Design,
    of: int,
) -> StageRow:
    logs = [
        math.log(b / c)
        for b, c in zip(baseline, contender, strict=True)
        if b is not None and c is not None and b > 0 and c > 0
    ]
    # A ratio of what only some pairs have would be of other runs than the rest of the table.
    speedup = design.estimate(logs, of=of) if len(logs) == len(baseline) else None
    own = [(b or 0.0) - (c or 0.0) for b, c in zip(baseline, contender, strict=True)]
    total_s = statistics.fmean(saved)
    return StageRow(
        path=path,
        depth=path.count("/") + (kind == "own code"),
        kind=kind,  # type: ignore[arg-type]
        baseline_s=_mean(baseline),
        contender_s=_mean(contender),
        baseline_s_interval=_interval(baseline, design.groups),
        contender_s_interval=_interval(contender, design.groups),
        baseline_calls=calls[0],
        contender_calls=calls[1],
        speedup=speedup,
        verdict=stats.verdict(speedup, design.smallest_effect) if speedup is not None else "inconclusive",
        saved_s=statistics.fmean(own),
        saved_s_interval=savings.mean_interval(own, design.groups),
        saved_share=statistics.fmean(own) / total_s if total_s else None,
        saved_share_interval=savings.share_interval(own, saved, design.groups),
    )


def _mean(times: Times) -> float | None:
    """Mean over all runs; a run without the stage spent no time in it."""
    if all(time is None for time in times):
        return None
    return statistics.fmean(time or 0.0 for time in times)


def _interval(times: Times, groups: Sequence[int]) -> tuple[float, float] | None:
    """Return the interval of the mean over all runs."""
    if all(time is None for time in times):
        return None
    return savings.mean_interval([time or 0.0 for time in times], groups)


def _mark_biggest(rows: list[StageRow]) -> None:
    """Mark the stage without children that saves most, if one saves anything."""
    parents = {row.path.rpartition("/")[0] for row in rows if row.kind == "stage"}
    leaves = [i for i, row in enumerate(rows) if row.kind == "stage" and row.path not in parents]
    best = max(leaves, key=lambda i: rows[i].saved_s, default=None)
    if best is not None and rows[best].saved_s > 0:
        rows[best] = dataclasses.replace(rows[best], biggest=True)
