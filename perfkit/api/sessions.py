"""Hold a verification's processes: one for all trials of a side, one for the stages fed side by side."""

from __future__ import annotations

import dataclasses
import errno
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.api.bench import beside, spawn_job
from perfkit.errors import DiskFullError, RunError, UsageError
from perfkit.model import CheckpointRun, Observations, TrialRun
from perfkit.store import new_id, timestamp
from perfkit.verify import differential, session, signature, thorough

if TYPE_CHECKING:
    import contextlib
    from pathlib import Path

    from perfkit.api.bench import Bench
    from perfkit.model import Memory, PairPlan, Parameters, Trial, Variant
    from perfkit.verify.differential import Fed

_MOST_CRASHES = 3
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What one side's verification left.

    Attributes
    ----------
    folders
        By trial: where the values of its checkpoints lie, until the stack that was given is left.
    """

    run: CheckpointRun
    folders: dict[str, Path]
    exit_cpu_s: float
    peak_rss_bytes: int | None
    import_s: float


def describe(bench: Bench, variant: Variant, pair: PairPlan) -> Parameters:
    """Return all parameters of ``make_inputs`` with their values: by its source, else by a process."""
    inputs = bench.inputs_of(variant)
    if inputs.kind in {"script", "module", "command"}:
        return dict(bench.overrides)
    source = bench.file(inputs).read_bytes() if inputs.kind == "pipeline" else b""
    found = signature.stated(source, bench.overrides)
    if found is not None:
        return found
    staged = bench.store.stage()
    try:
        finished = spawn_job(bench, "describe", variant, pair, overrides=bench.overrides, staged=staged)
    finally:
        bench.store.discard(staged)
    return finished.reply.parameters


def _see_room(error: RunError) -> None:
    """Raise DiskFullError if a process failed because what it keeps found no room."""
    if "could not be recorded" in str(error) and any(f"[Errno {one}]" in str(error) for one in _NO_ROOM):
        raise DiskFullError(
            f"there is no room for what a verification keeps: free some space and run it again ({error})"
        ) from error


def hold(
    bench: Bench,
    variant: Variant,
    pair: PairPlan,
    trials: tuple[Trial, ...],
    *,
    probing: bool,
    nearby: str = "",
    stack: contextlib.ExitStack,
) -> Bundle:
    """Run a side's trials; the run is in the store when this returns.

    A process that dies in a later trial loses that trial alone: the rest is run in another one.

    Parameters
    ----------
    probing, nearby
        Whether to see what the process remembers; the trial at a size near the full one.
    stack
        Removes the values when it is left.

    Raises
    ------
    RunError
        If the first trial fails.
    """
    started_at = timestamp()
    done: list[TrialRun] = []
    folders: dict[str, Path] = {}
    memory: Memory | None = None
    observed, exit_cpu_s, import_s = Observations(), 0.0, 0.0
    peak: int | None = None
    parameters: Parameters = {}
    crashes = 0
    while len(done) < len(trials):
        left = trials[len(done) :]
        staged = bench.store.stage()
        stack.callback(bench.store.discard, staged)
        try:
            finished = spawn_job(
                bench,
                "verify",
                variant,
                pair,
                overrides=bench.overrides,
                staged=staged,
                trials=left,
                probing=probing,
                nearby=nearby,
            )
        except RunError as error:
            _see_room(error)
            finished = None
            lost = str(error)
            crashes += 1
            if not (done or session.read(staged)[0]):
                raise
        found, remembered = session.read(staged)
        folders |= {one.name: staged / f"trial-{index}" for index, one in enumerate(found)}
        done += found
        memory = memory or remembered
        if finished is not None:
            reply = finished.reply
            parameters = parameters or reply.parameters
            observed = reply.observed if observed == Observations() else observed
            exit_cpu_s = max(exit_cpu_s, finished.exit_cpu_s)
            peak, import_s = reply.peak_rss_bytes, reply.import_s
            continue
        if len(done) == len(trials):
            raise RunError(lost)  # in the end, with all trials done: what was seen of the process is lost
        if len(done) < len(trials):
            done.append(TrialRun(name=trials[len(done)].name, outcome="lost", error=lost))
        if crashes >= _MOST_CRASHES:
            after = f"not run after {crashes} crashes"
            done += [TrialRun(name=one.name, outcome="lost", error=after) for one in trials[len(done) :]]
    run = CheckpointRun(
        id=new_id(variant.name, "verify"),
        variant=variant,
        inputs_from=bench.inputs_of(variant).path,
        seed=pair.seed,
        parameters=parameters or done[0].parameters,
        started_at=started_at,
        trials=tuple(done),
        observed=dataclasses.replace(observed, exit_cpu_s=exit_cpu_s),
        memory=memory,
    )
    # The values stay where they are until they have served; the record holds their digests.
    bench.store.write_run(run, bench.store.stage())
    return Bundle(run=run, folders=folders, exit_cpu_s=exit_cpu_s, peak_rss_bytes=peak, import_s=import_s)


def search(
    bench: Bench,
    baseline: Variant,
    contender: Variant,
    pair: PairPlan,
    *,
    trial: Trial,
    size: str | None,
    stack: contextlib.ExitStack,
) -> thorough.Search:
    """Search small inputs for one on which the two sides differ.

    Parameters
    ----------
    trial
        Its parameters are those that are not varied.
    size
        The parameter that is, if one is known.

    Raises
    ------
    UsageError
        If hypothesis is not installed.
    RunError
        If the search fails.
    """
    if importlib.util.find_spec("hypothesis") is None:
        raise UsageError("--thorough needs hypothesis: pip install hypothesis")
    staged = bench.store.stage()
    stack.callback(bench.store.discard, staged)
    spawn_job(
        bench,
        "thorough",
        contender,
        pair,
        overrides=bench.overrides,
        staged=staged,
        trials=(trial,),
        size=size or "",
        **beside(bench, baseline),
    )
    return thorough.read(staged)


def differ(
    bench: Bench,
    baseline: Variant,
    contender: Variant,
    pair: PairPlan,
    trials: tuple[Trial, ...],
    *,
    stack: contextlib.ExitStack,
) -> Fed | str:
    """Feed the contender's stages with the baseline's input; why not, if that process failed.

    Parameters
    ----------
    trials
        The input that is fed, and the one whose results are planted, if any are.
    """
    staged = bench.store.stage()
    stack.callback(bench.store.discard, staged)
    stages = {
        ours: one.contender[0] if len(one.contender) == 1 else ""
        for ours, one in bench.pipeline.stages.items()
    }
    try:
        spawn_job(
            bench,
            "differ",
            contender,
            pair,
            overrides=bench.overrides,
            staged=staged,
            trials=trials,
            stages=stages,
            **beside(bench, baseline),
        )
    except RunError as error:
        _see_room(error)
        return str(error)
    return differential.read(staged)
