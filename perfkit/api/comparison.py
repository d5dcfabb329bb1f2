"""Compare two variants: timed pairs, then verification, then profiles."""

from __future__ import annotations

import dataclasses
import shlex
import time
from typing import TYPE_CHECKING

from perfkit.analyse import looks
from perfkit.analyse.gates import least_speedup
from perfkit.api import interpreters
from perfkit.api.alone import alone
from perfkit.api.conclusions import Timed, unverified
from perfkit.api.found import with_stages
from perfkit.api.pairs import Measurement, Plan
from perfkit.api.profiles import FOR_REPORTS, LINE_LIMIT_S, profile
from perfkit.api.verification import scrutinise
from perfkit.errors import InterruptedEarlyError, PerfkitError, RunError
from perfkit.model import Comparison, Scrutiny
from perfkit.store import new_id, timestamp
from perfkit.verify import own_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import Gates, ProfileRun, Side, Variant


@alone
def compare(
    bench: Bench,
    baseline_name: str,
    contender_name: str,
    plan: Plan | None = None,
    *,
    verifying: bool = True,
    profiling: bool = True,
    line_limit_s: float = LINE_LIMIT_S,
    scaling: str = "",
    finding: bool = True,
    gates: Gates | None = None,
    command: Sequence[str] = (),
) -> Comparison:
    """Compare two variants: timed pairs, then verification, then profiles.

    Parameters
    ----------
    plan
        How long to measure, and how.
    verifying, profiling
        Whether to compare the outputs, and to profile both sides.
    line_limit_s
        About how long the baseline's line profile may take; 0 for none.
    scaling
        Id of a stored scaling of the two that belongs into the report.
    finding
        Make functions stages where none is declared.
    gates
        What the user holds the comparison to; `perfkit.api.reports.load` judges it.
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
    if verifying:
        own_types.check()
    chosen = None
    if finding:
        bench, chosen = with_stages(bench, (baseline_name, contender_name))
    baseline, contender = bench.variant(baseline_name), bench.variant(contender_name)
    where = interpreters.look(bench, baseline, contender)
    impossible = interpreters.unverifiable(baseline, contender) if verifying else ""
    profilers, notes = interpreters.usable_profilers(
        FOR_REPORTS if profiling and "command" not in {baseline.kind, contender.kind} else (),
        baseline,
        contender,
    )
    bench, plan = _held(bench, plan or Plan(), gates)
    sides: dict[Side, Variant] = {"baseline": baseline, "contender": contender}
    timing = Measurement(bench, sides, plan, comparing=verifying)
    scrutiny = Scrutiny()
    profiles: list[ProfileRun] = []
    problem: PerfkitError | KeyboardInterrupt | None = None
    try:
        timing.measure()
        if verifying:
            timed = Timed(
                parameters=timing.baseline_runs[0].parameters,
                baseline=tuple(timing.baseline_runs),
                contender=tuple(timing.contender_runs),
                results=tuple(one.result for one in timing.pairs if one.result is not None),
            )
            scrutiny = (
                unverified(bench, impossible, timed)
                if impossible
                else scrutinise(bench, baseline, contender, timing.pairs[0].plan, timed)
            )
        if profilers:
            names = [baseline_name, contender_name]
            clean_s = min(one.run_s for one in timing.baseline_runs)
            profile(
                bench,
                names,
                profilers=profilers,
                line_limit_s=line_limit_s,
                clean_s=clean_s,
                into=profiles,
            )
    except (PerfkitError, KeyboardInterrupt) as error:
        if not timing.pairs:
            raise
        problem = error
    if not timing.stopped_because:  # whoever interrupts may have seen which side is ahead: that is a look
        timing.alpha = looks.alpha(len(timing.pairs), last=False)
    comparison = Comparison(
        id=new_id(),
        pipeline=bench.pipeline,
        baseline=baseline,
        contender=contender,
        parameters=timing.baseline_runs[0].parameters,
        overrides=bench.overrides,
        seed=bench.seed,
        started_at=started_at,
        duration_s=time.monotonic() - begin,
        budget_s=plan.budget_s,
        precision=plan.precision,
        pairs=tuple(timing.pairs),
        stopped_because=timing.stopped_because or f"it was stopped early ({_in_words(problem)})",
        scrutiny=scrutiny,
        profiles=tuple(one.id for one in profiles),
        environment=where,
        command=shlex.join(command),
        notes=(
            *(() if problem is None else (f"The comparison is not complete: {_in_words(problem)}",)),
            *(interpreters.loans(baseline, contender) if verifying else ()),
            *notes,
            *bench.notes,
        ),
        sequential=plan.pairs is None,
        alpha=timing.alpha,
        smallest_effect=plan.smallest_effect,
        sampling=timing.sampling,
        trial=timing.trial,
        scaling=scaling,
        gates=gates,
        found=chosen,
    )
    bench.store.write_comparison(comparison)
    if problem is not None:
        raise _kept(problem, comparison) from problem
    return comparison


def _held(bench: Bench, plan: Plan, gates: Gates | None) -> tuple[Bench, Plan]:
    """Return the bench with the target that was asked for, and the plan that must decide the gates."""
    if gates is None:
        return bench, plan
    slower = [least_speedup(limit) for stage, limit in gates.slower.items() if not stage]
    stages = [stage for stage in gates.slower if stage]
    plan = dataclasses.replace(plan, limits=(*plan.limits, *slower), stages=(*plan.stages, *stages))
    if gates.least is None:
        return bench, plan
    pipeline = dataclasses.replace(bench.pipeline, target=gates.least)
    return dataclasses.replace(bench, pipeline=pipeline), plan


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
