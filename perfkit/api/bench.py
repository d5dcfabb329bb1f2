"""Where and how to measure, and single runs: each a process of its own, in the store when it returns."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perfkit import catalog
from perfkit.api import results
from perfkit.errors import UsageError
from perfkit.measure import schedule
from perfkit.measure.spawn import Finished, spawn, worker_environment
from perfkit.model import Event, Job, TimingRun
from perfkit.store import Store, new_id, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.catalog import Project
    from perfkit.model import JobKind, PairPlan, Parameters, Pipeline, Trial, Variant

TIMEOUT_S = 1800.0


def ignore(_event: Event) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where and how to measure: one pipeline of one project.

    Attributes
    ----------
    overrides
        Keyword parameters for ``make_inputs``.
    seed
        Of the inputs, for a single run; of the whole schedule, for a comparison.
    timeout_s
        For each process.
    listener
        Gets an `Event` before each step.
    """

    project: Project
    pipeline: Pipeline
    overrides: Parameters = field(default_factory=dict)
    seed: int = 0
    timeout_s: float = TIMEOUT_S
    listener: Callable[[Event], None] = ignore

    @property
    def store(self) -> Store:
        """The pipeline's stored runs."""
        return Store(self.project.reports(self.pipeline.name))

    def variant(self, name: str) -> Variant:
        """Return a variant by name; UsageError if there is none."""
        return catalog.find_variant(self.project, self.pipeline, name)

    def size_parameter(self, parameters: Parameters) -> str | None:
        """Return the parameter that scales the input, if known: configured, or the only integer.

        Raises
        ------
        UsageError
            If the configured one is no parameter of ``make_inputs``.
        """
        if self.pipeline.size is not None:
            if self.pipeline.size not in parameters:
                raise UsageError(
                    f"tool.perfkit.pipelines.{self.pipeline.name}.size names {self.pipeline.size!r}, "
                    f"which make_inputs does not have; it has: {', '.join(parameters) or 'none'}"
                )
            return self.pipeline.size
        integers = [name for name, value in parameters.items() if type(value) is int]
        return integers[0] if len(integers) == 1 else None

    def inputs_path(self) -> str:
        """Return the file whose ``make_inputs`` serves every variant: the baseline's."""
        if "baseline" not in self.pipeline.variants:
            raise UsageError(
                f"pipeline {self.pipeline.name!r} has no variant 'baseline', whose make_inputs serves all"
            )
        return self.variant("baseline").path


def spawn_job(
    bench: Bench,
    kind: JobKind,
    variant: Variant,
    plan: PairPlan,
    *,
    overrides: Parameters,
    staged: Path,
    trials: tuple[Trial, ...] = (),
    probing: bool = False,
    nearby: str = "",
    stages: dict[str, str] | None = None,
    size: str = "",
) -> Finished:
    """Run one job of a variant; what it leaves lies in the staged folder."""
    job = Job(
        kind=kind,
        root=str(bench.project.root),
        variant_path=variant.path,
        inputs_path=bench.inputs_path(),
        seed=plan.seed,
        parameters=overrides,
        folder=str(staged),
        trials=trials,
        probing=probing,
        nearby=nearby,
        stages=stages or {},
        size=size,
        tolerances=bench.pipeline.tolerances,
        mapped=bench.pipeline.stages,
    )
    # A verification runs its inputs one after the other in one process: as long for each of the full size.
    full = sum(one.kind in {"main", "proof"} for one in trials) + bool(trials)
    return spawn(job, worker_environment(plan.hash_seed, plan.padding), bench.timeout_s * max(1, full))


def time_once(bench: Bench, variant: Variant, plan: PairPlan, result_into: Path | None = None) -> TimingRun:
    """Time a variant once, cleanly, in a fresh process; the run is in the store when this returns.

    Parameters
    ----------
    result_into
        An existing folder for what ``run`` returned, if it will be compared.
    """
    staged = bench.store.stage()
    try:
        started_at = timestamp()
        finished = spawn_job(bench, "time", variant, plan, overrides=bench.overrides, staged=staged)
        reply = finished.reply
        run = TimingRun(
            id=new_id(variant.name),
            variant=variant,
            inputs_from=bench.inputs_path(),
            seed=plan.seed,
            hash_seed=plan.hash_seed,
            parameters=reply.parameters,
            started_at=started_at,
            process_s=finished.process_s,
            import_s=reply.import_s,
            inputs_s=reply.inputs_s,
            run_s=reply.run_s,
            cpu_s=reply.cpu_s,
            peak_rss_bytes=reply.peak_rss_bytes,
            load_before=finished.load_before,
            stages=reply.stages,
            metrics=reply.metrics,
            observed=dataclasses.replace(reply.observed, exit_cpu_s=finished.exit_cpu_s),
        )
        results.take(staged, reply.result, result_into)
        bench.store.write_run(run, staged)
    except BaseException:
        bench.store.discard(staged)
        raise
    return run


def run(bench: Bench, variant_name: str, *, times: int = 1) -> list[TimingRun]:
    """Time a variant in fresh processes.

    Parameters
    ----------
    variant_name
        Such as ``baseline``.
    times
        How many processes. They differ in their hash seed and memory layout, not in their inputs.

    Raises
    ------
    PerfkitError
        If the variant does not exist or a run fails; the runs before it are kept.
    """
    variant = bench.variant(variant_name)
    runs = []
    for plan in itertools.islice(schedule.plan(bench.seed), times):
        bench.listener(
            Event(phase="measuring", doing=f"{variant_name}, run {plan.index + 1}", done=plan.index, of=times)
        )
        runs.append(time_once(bench, variant, with_seed(plan, bench.seed)))
    return runs


def with_seed(plan: PairPlan, seed: int) -> PairPlan:
    """Return the plan with another input seed."""
    return dataclasses.replace(plan, seed=seed)
