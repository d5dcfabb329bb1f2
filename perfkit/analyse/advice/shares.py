"""Which share of the run each line has: of its stage by the line profile, of the run by clean times."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.attribution import Attribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perfkit.model import ProfileRun, StageTiming, TimingRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A line's share of the run.

    Attributes
    ----------
    of_run
        0 to 1. With a clean run: its share of each stage under the profiler, times that stage's share of the
        clean run, added up. Without one: its share of the time under the profiler.
    stage
        Path of the stage that most of it belongs to; empty outside of all.
    own_s
        Seconds under the profiler, without those of profiled functions that it calls.
    """

    of_run: float
    stage: str
    own_s: float


def shares(run: ProfileRun, clean: TimingRun | None) -> dict[tuple[str, int], Share]:
    """Return the share of every line that ran, by its function's name and its number.

    Parameters
    ----------
    run
        A line profile.
    clean
        A clean run of the same source.
    """
    attribution = Attribution(run)
    traced = _alone(run.stages, run.traced_s)
    weights = traced if clean is None else _alone(clean.stages, clean.run_s)
    whole = run.traced_s if clean is None else clean.run_s
    by_line: dict[tuple[str, int], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for path in traced:
        for one in attribution.serving(path):
            for line, own_s in one.own_s.items():
                by_line[one.function.name, line][path] += own_s
    found = {}
    for key, own in by_line.items():
        of_run = {
            path: min(own_s / traced[path], 1.0) * weights[path] / whole
            for path, own_s in own.items()
            if traced[path] > 0 and path in weights and whole > 0
        }
        found[key] = Share(
            of_run=min(sum(of_run.values()), 1.0),
            stage=max(own, key=lambda path: of_run.get(path, 0.0)),
            own_s=sum(own.values()),
        )
    return found


def _alone(stages: Iterable[StageTiming], whole_s: float) -> Mapping[str, float]:
    """Return the seconds of each stage without its inner ones; under the empty path, those of none."""
    totals = {one.path: one.total_s for one in stages if one.in_main_thread}
    alone = dict(totals)
    for path, total_s in totals.items():
        parent = path.rpartition("/")[0]
        if parent in alone:
            alone[parent] = max(alone[parent] - total_s, 0.0)
    outside = whole_s - sum(total_s for path, total_s in totals.items() if "/" not in path)
    return {**alone, "": max(outside, 0.0)}
