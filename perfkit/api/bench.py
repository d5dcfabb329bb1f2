"""Where and how to measure: the bench, its jobs, and what is kept of a timed one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit import catalog
from perfkit.api import interpreters, results
from perfkit.errors import UsageError
from perfkit.measure.spawn import Finished, spawn, worker_environment
from perfkit.model import Event, Job, Loading, TimingRun
from perfkit.store import Store, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.catalog import Project
    from perfkit.model import JobKind, PairPlan, Parameters, Pipeline, Sampling, Trial, Variant

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
    variants
        By name: variants that the pipeline's configuration does not have, such as scripts and revisions.
    notes
        What the reader of a report should know of the variants, one sentence each.
    inputs
        The variant whose ``make_inputs`` serves all; the pipeline's baseline without one.
    """

    project: Project
    pipeline: Pipeline
    overrides: Parameters = field(default_factory=dict)
    seed: int = 0
    timeout_s: float = TIMEOUT_S
    listener: Callable[[Event], None] = ignore
    variants: dict[str, Variant] = field(default_factory=dict)
    inputs: Variant | None = None
    notes: tuple[str, ...] = ()

    @property
    def store(self) -> Store:
        """The pipeline's stored runs."""
        return Store(self.project.reports(self.pipeline.name))

    def variant(self, name: str) -> Variant:
        """Return a variant by name; UsageError if there is none."""
        return self.variants.get(name) or catalog.find_variant(self.project, self.pipeline, name)

    def root(self, variant: Variant) -> Path:
        """Return the folder from which a variant is imported."""
        return Path(variant.root) if variant.root else self.project.root

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

    def file(self, variant: Variant) -> Path:
        """Return a variant's file."""
        return self.root(variant) / variant.path

    def files(self, *variants: Variant) -> list[Path]:
        """Return the files of variants, and of what makes their inputs; commands have none."""
        both = [one for variant in variants for one in (variant, self.inputs_of(variant))]
        return list(dict.fromkeys(self.file(one) for one in both if one.path))

    def inputs_of(self, variant: Variant) -> Variant:
        """Return the variant whose ``make_inputs`` serves a variant: the baseline's, where there is one.

        A script, a module and a command have arguments instead. Another revision's root has a benchmark of
        its own, which is the same file.
        """
        if variant.kind in {"script", "module", "command"} or variant.root:
            return variant
        if self.inputs is not None:
            return self.inputs
        if variant.kind == "callable":  # without make_inputs it is called without arguments
            return variant
        if "baseline" not in self.pipeline.variants:
            raise UsageError(
                f"pipeline {self.pipeline.name!r} has no variant 'baseline', whose make_inputs serves all"
            )
        return self.variant("baseline")


def job(
    bench: Bench,
    kind: JobKind,
    variant: Variant,
    plan: PairPlan,
    *,
    staged: Path,
    overrides: Parameters | None = None,
    **details: Any,
) -> Job:
    """Return a job of a variant; what it leaves will lie in the staged folder.

    Parameters
    ----------
    overrides
        Other keyword parameters for ``make_inputs`` than the bench's.
    details
        Further fields of `Job`.
    """
    inputs = bench.inputs_of(variant)
    return Job(
        kind=kind,
        root=str(bench.root(variant)),
        variant_path=variant.path,
        inputs_path=inputs.path,
        working_folder=variant.folder,
        python=variant.python,
        lent=interpreters.lent(variant, kind, str(details.get("profiler", ""))),
        loading=_loading(variant),
        undeclared=tuple(sorted({point.name for one in bench.variants.values() for point in one.points})),
        inputs_loading=_loading(inputs),
        seed=plan.seed,
        parameters=bench.overrides if overrides is None else overrides,
        folder=str(staged),
        tolerances=bench.pipeline.tolerances,
        mapped=bench.pipeline.stages,
        **details,
    )


def beside(bench: Bench, baseline: Variant) -> dict[str, Any]:
    """Return the fields of a job that runs the contender beside a baseline which does not make the inputs."""
    if bench.inputs_of(baseline) == baseline and baseline.kind == "pipeline":
        return {}
    return {"baseline_path": baseline.path, "baseline_loading": _loading(baseline)}


def _loading(variant: Variant) -> Loading:
    return Loading(
        kind=variant.kind,
        target=variant.target,
        arguments=variant.arguments,
        paths=variant.packages,
        points=variant.points,
    )


def spawn_job(
    bench: Bench,
    kind: JobKind,
    variant: Variant,
    plan: PairPlan,
    *,
    overrides: Parameters,
    staged: Path,
    trials: tuple[Trial, ...] = (),
    **details: Any,
) -> Finished:
    """Run one job of a variant; what it leaves lies in the staged folder."""
    made = job(bench, kind, variant, plan, staged=staged, overrides=overrides, trials=trials, **details)
    # A verification runs its inputs one after the other in one process: as long for each of the full size.
    full = sum(one.kind in {"main", "proof"} for one in trials) + bool(trials)
    return spawn(made, worker_environment(plan.hash_seed, plan.padding), bench.timeout_s * max(1, full))


def keep(
    bench: Bench,
    variant: Variant,
    plan: PairPlan,
    finished: Finished,
    *,
    started_at: str,
    staged: Path,
    sampling: Sampling,
    result_into: Path | None,
) -> TimingRun:
    """Store a timed run, and hand on what it returned.

    Parameters
    ----------
    staged
        The folder of its job.
    result_into
        An existing folder for what ``run`` returned, if it will be compared.
    """
    reply = finished.reply
    run = TimingRun(
        id=new_id(variant.name),
        variant=variant,
        inputs_from=bench.inputs_of(variant).path,
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
        base_rss_bytes=reply.base_rss_bytes,
        load_before=finished.load_before,
        stages=reply.stages,
        metrics=reply.metrics,
        observed=dataclasses.replace(reply.observed, exit_cpu_s=finished.exit_cpu_s),
        launch=sampling.launch,
        repeats=sampling.repeats,
        first_s=reply.first_s,
        cpu=finished.cpu,
        disturbance=dataclasses.replace(reply.disturbance, **finished.meanwhile),
    )
    results.take(staged, reply.result, result_into)
    bench.store.write_run(run, staged)
    return run


def with_seed(plan: PairPlan, seed: int) -> PairPlan:
    """Return the plan with another input seed."""
    return dataclasses.replace(plan, seed=seed)
