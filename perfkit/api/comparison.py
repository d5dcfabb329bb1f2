"""Compare two variants: timed pairs, then verification, then profiles."""

from __future__ import annotations

import contextlib
import itertools
import math
import shlex
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perfkit.analyse import stats
from perfkit.api import results
from perfkit.api.bench import time_once
from perfkit.api.conclusions import Timed
from perfkit.api.profiles import LINE_LIMIT_S, profile
from perfkit.api.verification import scrutinise
from perfkit.errors import InterruptedEarlyError, PerfkitError, RunError
from perfkit.measure import environment, schedule
from perfkit.model import Comparison, Event, Pair, Scrutiny
from perfkit.store import new_id, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perfkit.api.bench import Bench
    from perfkit.model import (
        Equivalence,
        Estimate,
        Parameters,
        ProfileRun,
        Side,
        TimingRun,
        Variant,
    )

BUDGET_S = 180.0
PRECISION = 0.05
FEWEST_PAIRS = 3


@dataclass(slots=True)
class _Timing:
    """The timed part of a comparison; what is finished stays here when something stops it."""

    pairs: list[Pair] = field(default_factory=list)
    log_ratios: list[float] = field(default_factory=list)
    baseline_s: list[float] = field(default_factory=list)
    parameters: Parameters = field(default_factory=dict)
    baseline_runs: list[TimingRun] = field(default_factory=list)
    contender_runs: list[TimingRun] = field(default_factory=list)
    results: list[Equivalence] = field(default_factory=list)
    longest_pair_s: float = 0.0
    stopped_because: str = ""


def compare(
    bench: Bench,
    baseline_name: str,
    contender_name: str,
    *,
    budget_s: float = BUDGET_S,
    precision: float = PRECISION,
    pairs: int | None = None,
    verifying: bool = True,
    profiling: bool = True,
    line_limit_s: float = LINE_LIMIT_S,
    command: Sequence[str] = (),
) -> Comparison:
    """Compare two variants: timed pairs, then verification, then profiles.

    Parameters
    ----------
    budget_s
        No further pair is begun that would end after so many seconds, once there are three.
    precision
        The pairs end when the interval of the speedup is narrower than plus or minus this.
    pairs
        Exactly so many pairs instead.
    verifying, profiling
        Whether to compare the outputs, and to profile both sides.
    line_limit_s
        About how long the baseline's line profile may take; 0 for none.
    command
        What the user typed, for the report.

    Returns
    -------
    Comparison
        In the store when this returns.

    Raises
    ------
    PerfkitError
        If a variant does not exist or a run fails. Once a pair is finished, what was measured until then is
        stored as a comparison all the same, and the message says so.
    """
    started_at, begin = timestamp(), time.monotonic()
    baseline, contender = bench.variant(baseline_name), bench.variant(contender_name)
    where = environment.look(bench.project.root, [baseline.path, contender.path, bench.inputs_path()])
    timing = _Timing()
    scrutiny = Scrutiny()
    profiles: list[ProfileRun] = []
    problem: PerfkitError | KeyboardInterrupt | None = None
    try:
        _measure(
            bench,
            baseline,
            contender,
            timing,
            budget_s=budget_s,
            precision=precision,
            pairs=pairs,
            comparing=verifying,
        )
        if verifying:
            timed = Timed(
                parameters=timing.parameters,
                baseline=tuple(timing.baseline_runs),
                contender=tuple(timing.contender_runs),
                results=tuple(timing.results),
            )
            scrutiny = scrutinise(bench, baseline, contender, timing.pairs[0].plan, timed)
        if profiling:
            names = [baseline_name, contender_name]
            profile(bench, names, line_limit_s=line_limit_s, clean_s=min(timing.baseline_s), into=profiles)
    except (PerfkitError, KeyboardInterrupt) as error:
        if not timing.pairs:
            raise
        problem = error
    comparison = Comparison(
        id=new_id(),
        pipeline=bench.pipeline,
        baseline=baseline,
        contender=contender,
        parameters=timing.parameters,
        overrides=bench.overrides,
        seed=bench.seed,
        started_at=started_at,
        duration_s=time.monotonic() - begin,
        budget_s=budget_s,
        precision=precision,
        pairs=tuple(timing.pairs),
        stopped_because=timing.stopped_because or f"it was stopped early ({_in_words(problem)})",
        scrutiny=scrutiny,
        profiles=tuple(one.id for one in profiles),
        environment=where,
        command=shlex.join(command),
        notes=() if problem is None else (f"The comparison is not complete: {_in_words(problem)}",),
        sequential=pairs is None,
    )
    bench.store.write_comparison(comparison)
    if problem is not None:
        raise _kept(problem, comparison) from problem
    return comparison


def _in_words(problem: BaseException | None) -> str:
    return "interrupted by the user" if isinstance(problem, KeyboardInterrupt) else str(problem)


def _kept(problem: PerfkitError | KeyboardInterrupt, comparison: Comparison) -> PerfkitError:
    """Return the error to end with: what happened, and where the finished part lies."""
    n = len(comparison.pairs)
    message = (
        f"{_in_words(problem)}; {n} finished {'pair is' if n == 1 else 'pairs are'} kept: "
        f"perfkit report {comparison.id} --pipeline {comparison.pipeline.name}"
    )
    if isinstance(problem, RunError):
        return RunError(message, problem.details)
    if isinstance(problem, PerfkitError):
        return type(problem)(message)
    return InterruptedEarlyError(message)


def _measure(
    bench: Bench,
    baseline: Variant,
    contender: Variant,
    timing: _Timing,
    *,
    budget_s: float,
    precision: float,
    pairs: int | None,
    comparing: bool,
) -> None:
    """Measure pairs until one of the reasons to stop holds."""
    variants: dict[Side, Variant] = {"baseline": baseline, "contender": contender}
    begin = time.monotonic()
    for plan in itertools.islice(schedule.plan(bench.seed), pairs):
        pair_begin = time.monotonic()
        runs: dict[Side, TimingRun] = {}
        results_of: dict[Side, Path] = {}
        with contextlib.ExitStack() as stack:
            for side in plan.order:
                left_s = budget_s - (time.monotonic() - begin)
                bench.listener(
                    Event(
                        phase="measuring",
                        doing=f"pair {plan.index + 1}: {variants[side].name}",
                        done=len(timing.pairs),
                        of=pairs,
                        left_s=max(0.0, left_s) if pairs is None else None,
                        speedup=_so_far(timing, sequential=pairs is None),
                    )
                )
                if comparing:
                    results_of[side] = bench.store.stage()
                    stack.callback(bench.store.discard, results_of[side])
                runs[side] = time_once(bench, variants[side], plan, results_of.get(side))
            result = (
                results.compared(bench.pipeline, results_of["baseline"], results_of["contender"])
                if comparing
                else None
            )
        if result is not None:
            timing.results.append(result)
        timing.baseline_runs.append(runs["baseline"])
        timing.contender_runs.append(runs["contender"])
        timing.log_ratios.append(_log_ratio(runs["baseline"], runs["contender"]))
        timing.parameters = runs["baseline"].parameters
        timing.baseline_s.append(runs["baseline"].run_s)
        timing.pairs.append(
            Pair(
                plan=plan, baseline_run=runs["baseline"].id, contender_run=runs["contender"].id, result=result
            )
        )
        timing.longest_pair_s = max(timing.longest_pair_s, time.monotonic() - pair_begin)
        if pairs is None:
            timing.stopped_because = _stop(timing, precision, budget_s, time.monotonic() - begin)
            if timing.stopped_because:
                return
    timing.stopped_because = f"{pairs} {'pair was' if pairs == 1 else 'pairs were'} asked for"


def _so_far(timing: _Timing, *, sequential: bool) -> Estimate | None:
    return stats.estimate(timing.log_ratios, sequential=sequential) if timing.log_ratios else None


def _log_ratio(baseline: TimingRun, contender: TimingRun) -> float:
    for one in (baseline, contender):
        if one.run_s <= 0:
            raise RunError(f"run(inputs) of {one.variant.path} took no measurable time: give it more to do")
    return math.log(baseline.run_s / contender.run_s)


def _stop(timing: _Timing, precision: float, budget_s: float, elapsed_s: float) -> str:
    """Return why no more pairs are measured, or nothing."""
    if stats.narrow_enough(timing.log_ratios, precision):
        return f"the interval of the speedup is narrower than ±{100 * precision:g} %"
    if len(timing.pairs) >= FEWEST_PAIRS and elapsed_s + timing.longest_pair_s > budget_s:
        return f"a further pair would have exceeded the budget of {budget_s:g} s"
    return ""
