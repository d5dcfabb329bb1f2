"""Verify a contender: every stage's output against the baseline's, on the same input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.api.bench import spawn_job
from perfkit.model import CheckpointRun, Verification
from perfkit.store import new_id, timestamp
from perfkit.verify import checkpoints, comparator

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.api.bench import Bench
    from perfkit.model import PairPlan, Parameters, Proof, Variant


def _record(
    bench: Bench, variant: Variant, plan: PairPlan, overrides: Parameters, staged: Path
) -> CheckpointRun:
    """Run a variant once with all its stages' values kept in the staged folder."""
    started_at = timestamp()
    reply = spawn_job(bench, "verify", variant, plan, overrides=overrides, staged=staged).reply
    return CheckpointRun(
        id=new_id(variant.name, "verify"),
        variant=variant,
        inputs_from=bench.inputs_path(),
        seed=plan.seed,
        parameters=reply.parameters,
        started_at=started_at,
        stages=reply.stages,
        checkpoints=checkpoints.read(staged),
        metrics=reply.metrics,
    )


def verify(
    bench: Bench, baseline: Variant, contender: Variant, plan: PairPlan, proof: Proof | None = None
) -> Verification:
    """Run both sides on the same input, in processes of their own, and compare every stage's values.

    Parameters
    ----------
    plan
        Which seeds to use; its order does not matter, since nothing is timed.
    proof
        Parameters and tolerance that differ from the pipeline's.

    Raises
    ------
    RunError
        If one of the runs fails.
    """
    overrides = {**bench.overrides, **(proof.parameters if proof else {})}
    folders: list[Path] = []
    runs: list[CheckpointRun] = []
    try:
        for variant in (baseline, contender):
            folders.append(bench.store.stage())
            runs.append(_record(bench, variant, plan, overrides, folders[-1]))
        found = comparator.compare(
            runs[0].checkpoints,
            runs[1].checkpoints,
            baseline_folder=folders[0],
            contender_folder=folders[1],
            tolerances=bench.pipeline.tolerances,
            rtol=proof.rtol if proof else None,
            stages=_paths(runs[0]),
            contender_stages=_paths(runs[1]),
        )
        for one, folder in zip(runs, folders, strict=True):
            # The values have served; the digests stand in the run. Kept, they cost the size of every stage.
            for file in (*folder.glob("*.npy"), folder / checkpoints.FILE):
                file.unlink()
            bench.store.write_run(one, folder)
    finally:
        for folder in folders:
            bench.store.discard(folder)
    return Verification(
        parameters=runs[0].parameters,
        seed=plan.seed,
        baseline_run=runs[0].id,
        contender_run=runs[1].id,
        stages=found,
        baseline_metrics=runs[0].metrics,
        contender_metrics=runs[1].metrics,
        reason=proof.reason if proof else "",
    )


def _paths(run: CheckpointRun) -> list[str]:
    return list(dict.fromkeys(stage.path for stage in run.stages))
