"""Verify a contender: run both sides on the planned inputs, compare every stage, ask the honesty checks."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import random
import shlex
import time
from typing import TYPE_CHECKING

from perfkit.api import interpreters
from perfkit.api.alone import alone
from perfkit.api.bench import with_seed
from perfkit.api.conclusions import Compared, Timed, check_mapping, compare_trials, conclude
from perfkit.api.found import with_stages
from perfkit.api.sessions import describe, differ, hold, search
from perfkit.errors import UsageError
from perfkit.measure import schedule
from perfkit.model import Event, VerificationReport
from perfkit.store import new_id, timestamp
from perfkit.verify import own_types
from perfkit.verify.honesty import CHECKS
from perfkit.verify.plan import plan as lay_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import PairPlan, Parameters, Scrutiny, Variant
    from perfkit.verify.differential import Fed
    from perfkit.verify.plan import Plan


@alone
def verify(
    bench: Bench,
    baseline_name: str,
    contender_name: str,
    *,
    thorough: bool = False,
    finding: bool = True,
    command: Sequence[str] = (),
) -> VerificationReport:
    """Verify a contender without timing it.

    Parameters
    ----------
    thorough
        Search small inputs for one on which the two sides differ, too.
    finding
        Make functions stages where none is declared.
    command
        What the user typed, for the report.

    Returns
    -------
    VerificationReport
        In the store when this returns.

    Raises
    ------
    PerfkitError
        If a variant does not exist, or a run on the ordinary input fails.
    """
    started_at, begin = timestamp(), time.monotonic()
    own_types.check()
    chosen = None
    if finding:
        bench, chosen = with_stages(bench, (baseline_name, contender_name))
    baseline, contender = bench.variant(baseline_name), bench.variant(contender_name)
    where = interpreters.look(bench, baseline, contender)
    pair = with_seed(next(schedule.plan(bench.seed)), bench.seed)
    found = scrutinise(bench, baseline, contender, pair, thorough=thorough)
    report = VerificationReport(
        id=new_id("verification"),
        pipeline=bench.pipeline,
        baseline=baseline,
        contender=contender,
        parameters=found.verifications[0].parameters,
        overrides=bench.overrides,
        seed=bench.seed,
        started_at=started_at,
        duration_s=time.monotonic() - begin,
        scrutiny=found,
        environment=where,
        command=shlex.join(command),
        found=chosen,
    )
    bench.store.write_verification(report)
    return report


def scrutinise(
    bench: Bench,
    baseline: Variant,
    contender: Variant,
    pair: PairPlan,
    timed: Timed | None = None,
    *,
    thorough: bool = False,
) -> Scrutiny:
    """Do all that is done to see whether a contender is right, and its speed honest.

    Parameters
    ----------
    pair
        Which seeds to use for the main trial; its order does not matter, since nothing is timed.
    timed
        The timed runs, if there are any.
    thorough
        Search small inputs too.

    Raises
    ------
    RunError
        If a run on the ordinary input fails.
    UsageError
        If the configuration names stages or checks that there are not.
    """
    _check_declared(bench)
    steps = _Steps(bench)
    steps.begin("the parameters")
    parameters = timed.parameters if timed is not None else describe(bench, baseline, pair)
    _check_proofs(bench, parameters)
    laid = lay_plan(
        seed=pair.seed,
        overrides=bench.overrides,
        parameters=parameters,
        size=bench.size_parameter(parameters),
        proofs=bench.pipeline.proofs,
        baseline_s=min(one.run_s for one in timed.baseline) if timed is not None else None,
        own_inputs=bench.inputs_of(baseline).kind in {"script", "module", "command"},
        drawn=random.SystemRandom(),
    )
    with contextlib.ExitStack() as stack:
        steps.begin(f"{baseline.name}, {len(laid.baseline)} inputs")
        ours = hold(bench, baseline, pair, laid.baseline, probing=False, stack=stack)
        steps.begin(f"{contender.name}, {len(laid.contender)} inputs")
        again = contender.kind in {"pipeline", "callable"}  # a process runs a script once
        theirs = hold(bench, contender, pair, laid.contender, probing=again, nearby=laid.nearby, stack=stack)
        check_mapping(bench, ours, theirs)
        fed: Fed | str = ""
        if laid.fed is not None:
            steps.begin("each stage on the baseline's own input")
            trials = (laid.fed,) if laid.decoy is None else (laid.fed, laid.decoy)
            fed = apart(baseline, contender) or differ(bench, baseline, contender, pair, trials, stack=stack)
        searched = Compared()
        if thorough:
            steps.begin("searching small inputs")
            searched = _search(
                bench, baseline, contender, pair, laid=laid, parameters=parameters, stack=stack
            )
        steps.begin("comparing")
        return conclude(
            bench, laid, ours, theirs, fed=fed, timed=timed, searched=searched, announce=steps.begin
        )


def apart(baseline: Variant, contender: Variant) -> str:
    """Return why both sides cannot be loaded into one process; empty if they can."""
    if "command" in {baseline.kind, contender.kind}:
        return "a command has no stages that could be fed"
    if baseline.python != contender.python:
        return "the two sides run under different interpreters"
    if baseline.root != contender.root or baseline.packages != contender.packages:
        return "two revisions of the same modules cannot be loaded into one process"
    return ""


def _search(
    bench: Bench,
    baseline: Variant,
    contender: Variant,
    pair: PairPlan,
    *,
    laid: Plan,
    parameters: Parameters,
    stack: contextlib.ExitStack,
) -> Compared:
    """Search small inputs, and try what was found again, each side in a process of its own."""
    first = laid.fed or laid.baseline[0]
    size = bench.size_parameter(parameters)
    found = search(bench, baseline, contender, pair, trial=first, size=size, stack=stack)
    if not found.suspects:
        return Compared(tried=found.tried)
    trials = (dataclasses.replace(first, kind="main"), *found.suspects)
    sides = [hold(bench, one, pair, trials, probing=False, stack=stack) for one in (baseline, contender)]
    again = compare_trials(bench, dataclasses.replace(laid, contender=trials, alike={}, proofs={}), *sides)
    again.verifications = again.verifications[1:]
    again.tried = found.tried
    return again


class _Steps:
    """Tells the listener what is being done."""

    _OF = 6

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._done = 0

    def begin(self, doing: str) -> None:
        self._bench.listener(Event(phase="verifying", doing=doing, done=self._done, of=self._OF))
        self._done = min(self._done + 1, self._OF - 1)


def _check_proofs(bench: Bench, parameters: Parameters) -> None:
    for proof in bench.pipeline.proofs:
        for name in proof.parameters:
            if name not in {*parameters, *bench.overrides}:
                raise UsageError(
                    f"tool.perfkit.pipelines.{bench.pipeline.name}.proofs: make_inputs has no parameter "
                    f"{name!r}; it has: {', '.join(parameters) or 'none'}"
                )


def _check_declared(bench: Bench) -> None:
    for name in bench.pipeline.declared:
        if name not in CHECKS:
            near = difflib.get_close_matches(name, CHECKS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(CHECKS)}"
            raise UsageError(
                f"tool.perfkit.pipelines.{bench.pipeline.name}.declared: there is no check {name!r}: {hint}"
            )
