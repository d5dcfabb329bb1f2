"""The timed part of a comparison: pairs, one after the other, until the plan's questions are answered."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse import gates, looks, stats
from perfkit.api import results
from perfkit.api.timing import Sampler
from perfkit.errors import RunError
from perfkit.measure import schedule
from perfkit.measure.forks import ForkingUnsafeError
from perfkit.measure.sampling import choose
from perfkit.measure.spawn import usable_cores
from perfkit.model import Event, Pair, Sampling

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from perfkit.api.bench import Bench
    from perfkit.model import Estimate, PairPlan, Side, TimingRun, Variant

BUDGET_S = 180.0
PRECISION = 0.05
FEWEST_PAIRS = 3
TRIAL_S = 5.0
"""A first pair that takes longer is kept: to set it aside would cost more than better sampling gains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long to measure, and how.

    Attributes
    ----------
    budget_s
        No further pair is begun that would end after so many seconds, once there are three.
    precision
        The pairs end when the verdict is certain and the interval of the speedup narrower than plus or
        minus this.
    smallest_effect
        An interval of the speedup inside plus or minus this is `no difference`.
    decided_is_enough
        The pairs end when the verdict is certain, however wide the interval.
    pairs
        Exactly so many pairs instead.
    forking
        Whether samples are forks of processes that have imported the variant, where that is safe.
    warm
        Warm repeats in each process: 0 for as many as make sense, None for none unless a run is too short.
    limits
        Speedups that the comparison is held to: the pairs do not end while the interval holds one of them.
    stages
        Of which the user speaks: without one of them the first pair is the last.
    timed
        The stage whose time is compared; the whole run's without one.
    error
        How often the answers may be wrong, over all looks.
    """

    budget_s: float = BUDGET_S
    precision: float = PRECISION
    smallest_effect: float = stats.SMALLEST_EFFECT
    decided_is_enough: bool = False
    pairs: int | None = None
    forking: bool = False
    warm: int | None = None
    limits: tuple[float, ...] = ()
    stages: tuple[str, ...] = ()
    timed: str = ""
    error: float = stats.ALPHA


class Measurement:
    """Measures pairs; what is finished stays here when something stops it.

    Parameters
    ----------
    variants
        The two sides.
    comparing
        Whether what the two runs of a pair return is compared.

    Attributes
    ----------
    pairs, baseline_runs, contender_runs
        What is finished, pair by pair.
    sampling
        How samples are taken.
    trial
        The first pair, if it was set aside.
    stopped_because
        Why no more pairs were measured; empty until then.
    alpha
        The error that verdicts may have.
    """

    def __init__(self, bench: Bench, variants: dict[Side, Variant], plan: Plan, *, comparing: bool) -> None:
        self.pairs: list[Pair] = []
        self.baseline_runs: list[TimingRun] = []
        self.contender_runs: list[TimingRun] = []
        self.sampling = Sampling()
        self.trial: Pair | None = None
        self.stopped_because = ""
        self.alpha = plan.error
        self._bench = bench
        self._variants = variants
        self._plan = plan
        self._comparing = comparing
        self._begin = time.monotonic()
        self._longest_pair_s = 0.0

    def measure(self) -> None:
        """Measure pairs until one of the plan's reasons to stop holds.

        Raises
        ------
        PerfkitError
            If a run fails, or if the plan speaks of a stage that there is not.
        """
        self._begin = time.monotonic()
        plans = schedule.plan(self._bench.seed)
        with Sampler(self._bench, self.sampling) as sampler:
            self._add(sampler, next(plans))
        first = self.baseline_runs[0], self.contender_runs[0]
        for name in self._plan.stages:
            gates.stage_named(name, [one.path for one in first[0].stages])
        if not self._decide(first, forking=self._plan.forking):
            if not self._stops():
                self._go_on(plans)
            return
        try:
            self._after_trial(first)
        except BaseException:
            if not self.pairs and self.trial is not None:  # then the trial is all there is
                self.pairs, self.trial = [self.trial], None
                self.baseline_runs, self.contender_runs = [first[0]], [first[1]]
                self.sampling = Sampling()
            raise

    def _after_trial(self, first: tuple[TimingRun, TimingRun]) -> None:
        """Set the first pair aside, and take all others as was decided on it."""
        self.trial = self.pairs.pop()
        self.baseline_runs.clear()
        self.contender_runs.clear()
        self._longest_pair_s = 0.0
        try:
            self._go_on(schedule.plan(self._bench.seed, self.sampling.group, after_trial=True))
        except ForkingUnsafeError as unsafe:
            # Forked pairs and spawned ones are not mixed, should a later group be the one that cannot.
            self.pairs.clear()
            self.baseline_runs.clear()
            self.contender_runs.clear()
            why = f"forks were asked for, but {unsafe}: each sample is a process of its own"
            self._decide(first, why, forking=False)
            self._go_on(schedule.plan(self._bench.seed, after_trial=True))

    def _decide(self, first: tuple[TimingRun, TimingRun], *more: str, forking: bool) -> bool:
        """Decide how samples are taken; returns whether the first pair was taken otherwise."""
        plan = self._plan
        chosen = choose(first, forking=forking, warm=plan.warm, usable_cores=usable_cores(), pairs=plan.pairs)
        asked = plan.forking or plan.warm is not None
        slow = self._longest_pair_s > min(TRIAL_S, plan.budget_s / 10)
        if chosen.is_default or (slow and not asked):
            chosen = Sampling()
        self.sampling = dataclasses.replace(chosen, reasons=(*more, *chosen.reasons))
        return not chosen.is_default

    def _go_on(self, plans: Iterable[PairPlan]) -> None:
        wanted = self._plan.pairs
        left = None if wanted is None else wanted - len(self.pairs)
        with Sampler(self._bench, self.sampling) as sampler:
            for planned in itertools.islice(plans, left):
                self._add(sampler, planned)
                if self._stops():
                    return

    def _add(self, sampler: Sampler, planned: PairPlan) -> None:
        """Measure one pair."""
        pair_begin = time.monotonic()
        runs: dict[Side, TimingRun] = {}
        results_of: dict[Side, Path] = {}
        with contextlib.ExitStack() as stack:
            for side in planned.order:
                self._announce(planned, side)
                if self._comparing:
                    results_of[side] = self._bench.store.stage()
                    stack.callback(self._bench.store.discard, results_of[side])
                runs[side] = sampler.take(self._variants[side], planned, results_of.get(side), side=side)
                if runs[side].run_s <= 0:
                    path = self._variants[side].path
                    raise RunError(f"run(inputs) of {path} took no measurable time: give it more to do")
            result = (
                results.compared(self._bench.pipeline, results_of["baseline"], results_of["contender"])
                if self._comparing
                else None
            )
        self.baseline_runs.append(runs["baseline"])
        self.contender_runs.append(runs["contender"])
        ids = {side: run.id for side, run in runs.items()}
        self.pairs.append(
            Pair(plan=planned, baseline_run=ids["baseline"], contender_run=ids["contender"], result=result)
        )
        self._longest_pair_s = max(self._longest_pair_s, time.monotonic() - pair_begin)

    def _announce(self, planned: PairPlan, side: Side) -> None:
        plan = self._plan
        left_s = plan.budget_s - (time.monotonic() - self._begin)
        self._bench.listener(
            Event(
                phase="measuring",
                doing=f"pair {planned.index + 1}: {self._variants[side].name}",
                done=len(self.pairs),
                of=plan.pairs,
                left_s=max(0.0, left_s) if plan.pairs is None else None,
                speedup=stats.estimate(self._units(), sequential=plan.pairs is None) if self.pairs else None,
            )
        )

    def estimate(self) -> Estimate:
        """Return the speedup of what is finished, with the error that its verdict may have."""
        return stats.estimate(self._units(), sequential=self._plan.pairs is None, alpha=self.alpha)

    def _units(self) -> list[float]:
        """Return the log ratios, one of each group of pairs: what is independent of each other."""
        both = zip(self.baseline_runs, self.contender_runs, strict=True)
        logs = [math.log(self._time_s(b) / self._time_s(c)) for b, c in both]
        if self.sampling.group == 1:
            return logs
        groups = [pair.plan.group for pair in self.pairs]
        return [statistics.median(one) for one in stats.members(logs, groups)]

    def _time_s(self, run: TimingRun) -> float:
        """Return the time that is compared."""
        if not self._plan.timed:
            return run.run_s
        path = gates.stage_named(self._plan.timed, [one.path for one in run.stages])
        found = sum(one.total_s for one in run.stages if one.path == path)
        if found <= 0:
            raise RunError(f"stage {path} of {run.variant.path} took no measurable time: give it more to do")
        return found

    def _stops(self) -> bool:
        """Say whether no more pairs are measured, and note why and what error that leaves to verdicts."""
        plan, n = self._plan, len(self.pairs)
        if plan.pairs is not None:
            if n == plan.pairs:
                self.stopped_because = f"{n} {'pair was' if n == 1 else 'pairs were'} asked for"
            return n == plan.pairs
        elapsed_s = time.monotonic() - self._begin
        units, target = self._units(), self._bench.pipeline.target
        if n % self.sampling.group == 0 and looks.settled(
            units,
            precision=plan.precision,
            limits=[*([] if target is None else [target]), *plan.limits],
            smallest_effect=plan.smallest_effect,
            decided_is_enough=plan.decided_is_enough,
            error=plan.error,
        ):
            narrow = f" and the interval of the speedup is narrower than ±{100 * plan.precision:g} %"
            self.stopped_because = "the verdict is certain" + ("" if plan.decided_is_enough else narrow)
            self.alpha = looks.alpha(len(units), last=False, error=plan.error)
        else:
            self.alpha = looks.alpha(len(units), last=True, error=plan.error)
            if elapsed_s > plan.budget_s and n == 1:
                self.stopped_because = f"the budget of {plan.budget_s:g} s is shorter than one pair takes"
            elif len(units) >= FEWEST_PAIRS and elapsed_s + self._longest_pair_s > plan.budget_s:
                self.stopped_because = f"a further pair would have exceeded the budget of {plan.budget_s:g} s"
        return bool(self.stopped_because)
