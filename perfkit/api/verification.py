"""Verify a contender: run both sides on the planned inputs, compare every stage, ask the honesty checks."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import random
import shlex
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse import levels
from perfkit.api import stochastic
from perfkit.api.bench import with_seed
from perfkit.api.sessions import Bundle, describe, differ, hold, search
from perfkit.errors import UsageError
from perfkit.measure import environment, schedule
from perfkit.model import Equivalence, Event, Scrutiny, Verification, VerificationReport
from perfkit.store import new_id, timestamp
from perfkit.verify import arrays, comparator, mapping, plants, precision
from perfkit.verify.dtypes import default_rtol
from perfkit.verify.honesty import CHECKS, examine
from perfkit.verify.honesty.evidence import Evidence, Side
from perfkit.verify.plan import plan as lay_plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.api.bench import Bench
    from perfkit.model import (
        Checkpoint,
        Leaf,
        PairPlan,
        Parameters,
        Proof,
        TimingRun,
        TrialRun,
        Variant,
        WeakCheck,
    )
    from perfkit.verify.arrays import Raw
    from perfkit.verify.differential import Fed
    from perfkit.verify.plan import Plan

_QUICK_S = 0.3
_SMALL = 16  # numbers, fewer of which say nothing of the precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What the timed runs have to say, where there are any.

    Attributes
    ----------
    parameters
        All parameters of ``make_inputs``.
    results
        The results of each pair, compared.
    """

    parameters: Parameters
    baseline: tuple[TimingRun, ...]
    contender: tuple[TimingRun, ...]
    results: tuple[Equivalence, ...] = ()


@dataclass(slots=True)
class _Compared:
    verifications: list[Verification] = field(default_factory=list)
    repeats: dict[str, Equivalence] = field(default_factory=dict)
    tried: int = 0


def verify(
    bench: Bench,
    baseline_name: str,
    contender_name: str,
    *,
    thorough: bool = False,
    command: Sequence[str] = (),
) -> VerificationReport:
    """Verify a contender without timing it.

    Parameters
    ----------
    thorough
        Search small inputs for one on which the two sides differ, too.
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
    baseline, contender = bench.variant(baseline_name), bench.variant(contender_name)
    where = environment.look(bench.project.root, [baseline.path, contender.path, bench.inputs_path()])
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
    laid = lay_plan(
        seed=pair.seed,
        overrides=bench.overrides,
        parameters=parameters,
        size=bench.size_parameter(parameters),
        proofs=bench.pipeline.proofs,
        baseline_s=min(one.run_s for one in timed.baseline) if timed is not None else None,
        drawn=random.SystemRandom(),
    )
    with contextlib.ExitStack() as stack:
        steps.begin(f"{baseline.name}, {len(laid.baseline)} inputs")
        ours = hold(bench, baseline, pair, laid.baseline, probing=False, stack=stack)
        steps.begin(f"{contender.name}, {len(laid.contender)} inputs")
        theirs = hold(bench, contender, pair, laid.contender, probing=True, nearby=laid.nearby, stack=stack)
        _check_mapping(bench, ours, theirs)
        fed: Fed | None = None
        if laid.fed is not None and laid.decoy is not None:
            steps.begin("each stage on the baseline's own input")
            fed = differ(bench, contender, pair, (laid.fed, laid.decoy), stack=stack)
        searched = _Compared()
        if thorough:
            steps.begin("searching small inputs")
            searched = _search(
                bench, baseline, contender, pair, laid=laid, parameters=parameters, stack=stack
            )
        steps.begin("comparing")
        return _conclude(bench, laid, ours, theirs, fed=fed, timed=timed, searched=searched, steps=steps)


def _search(
    bench: Bench,
    baseline: Variant,
    contender: Variant,
    pair: PairPlan,
    *,
    laid: Plan,
    parameters: Parameters,
    stack: contextlib.ExitStack,
) -> _Compared:
    """Search small inputs, and try what was found again, each side in a process of its own."""
    first = laid.fed or laid.baseline[0]
    found = search(bench, contender, pair, first, bench.size_parameter(parameters), stack=stack)
    if not found.suspects:
        return _Compared(tried=found.tried)
    trials = (dataclasses.replace(first, kind="main"), *found.suspects)
    sides = [hold(bench, one, pair, trials, probing=False, stack=stack) for one in (baseline, contender)]
    again = _compare_trials(bench, dataclasses.replace(laid, contender=trials, alike={}, proofs={}), *sides)
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


def _check_declared(bench: Bench) -> None:
    for name in bench.pipeline.declared:
        if name not in CHECKS:
            near = difflib.get_close_matches(name, CHECKS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(CHECKS)}"
            raise UsageError(
                f"tool.perfkit.pipelines.{bench.pipeline.name}.declared: there is no check {name!r}: {hint}"
            )


def _check_mapping(bench: Bench, ours: Bundle, theirs: Bundle) -> None:
    where = f"tool.perfkit.pipelines.{bench.pipeline.name}.stages"
    paths = [_paths(one.run.trials[0]) for one in (ours, theirs)]
    mapping.check(bench.pipeline.stages, paths[0], paths[1], where)


def _paths(run: TrialRun) -> list[str]:
    return list(dict.fromkeys(stage.path for stage in run.stages))


# ---------------------------------------------------------------- conclusions


def _conclude(
    bench: Bench,
    laid: Plan,
    ours: Bundle,
    theirs: Bundle,
    *,
    fed: Fed | None,
    timed: Timed | None,
    searched: _Compared,
    steps: _Steps,
) -> Scrutiny:
    compared = _compare_trials(bench, laid, ours, theirs)
    compared.verifications += searched.verifications
    differential = _differential(bench, fed) if fed is not None else ()
    doubtful = _irreproducible(bench, laid, ours, fed) if fed is not None else frozenset()
    evidence = Evidence(
        pipeline=bench.pipeline,
        root=str(bench.project.root),
        baseline=_side(bench, ours, timed.baseline if timed else ()),
        contender=_side(bench, theirs, timed.contender if timed else ()),
        verifications=tuple(compared.verifications),
        repeats=compared.repeats,
        differential=differential,
        planted=next((one for one in fed.planted if not one.stage), None) if fed is not None else None,
        lowered=_lowered(bench, ours, theirs),
        reproducible=not doubtful,
        sizes=laid.sizes,
        full_size=laid.full_size,
    )
    findings = (*examine(evidence), *levels.check(ours.run.trials[0].metrics))
    weak = _weak_checks(bench, laid, ours)
    verdicts: dict[str, Equivalence] = {}
    for stage in bench.pipeline.stochastic:
        steps.begin(f"{stage}, which is random")
        sides = ours.run.variant, theirs.run.variant
        verdicts[stage] = stochastic.compare(bench, *sides, stage, _for_many_runs(laid, ours))
    timed_result = _worst(timed.results) if timed is not None else None
    return Scrutiny(
        verifications=tuple(
            dataclasses.replace(one, stages=tuple(_judged(stage, verdicts, doubtful) for stage in one.stages))
            for one in compared.verifications
        ),
        differential=tuple(_judged(one, verdicts, doubtful) for one in differential),
        differential_at=laid.fed.name if laid.fed is not None and differential else "",
        timed=_judged(timed_result, verdicts, doubtful) if timed_result is not None else None,
        findings=findings,
        weak_checks=weak,
        untried=(*laid.untried, *_untried(ours, theirs)),
        searched=searched.tried,
    )


def _for_many_runs(laid: Plan, ours: Bundle) -> Parameters:
    """Return the parameters for runs on many seeds: the full size where that is quick, as it varies less."""
    quick = laid.fed is None or ours.run.trials[0].cpu_s <= _QUICK_S
    return laid.baseline[0].parameters if quick or laid.fed is None else laid.fed.parameters


def _worst(found: Sequence[Equivalence]) -> Equivalence | None:
    """Return the verdict that stands for all pairs: the first that is not equal, else the largest error."""
    order = ["different", "inconclusive", "not checked", "statistically equivalent", "equal within tolerance"]
    rank = {verdict: index for index, verdict in enumerate(order)}
    return min(
        found, key=lambda one: (rank.get(one.verdict, len(order)), -(one.worst_rel or 0.0)), default=None
    )


def _judged(one: Equivalence, random: dict[str, Equivalence], doubtful: frozenset[str]) -> Equivalence:
    """Replace the verdict on a stage that is random: by the declared test's, or by none."""
    if one.stage in random:
        return random[one.stage]
    if one.verdict == "different" and one.stage in doubtful:
        reason = "the baseline itself gives another output for the same seed; declare the stage stochastic"
        return dataclasses.replace(one, verdict="inconclusive", reason=reason)
    return one


def _untried(ours: Bundle, theirs: Bundle) -> Iterator[str]:
    """Say which inputs could not be tried, on the baseline's side: the contender's failures are findings."""
    there = {one.name for one in theirs.run.trials}
    no_input = [one for one in ours.run.trials if one.outcome == "no input" and one.name in there]
    for reason in dict.fromkeys(one.error for one in no_input):
        names = [one.name for one in no_input if one.error == reason]
        yield f"{', '.join(names)}: {reason.rstrip('.')}."
    for one in ours.run.trials:
        if one.outcome == "lost":
            yield f"{one.name}: the baseline's process died ({one.error})."


def _compare_trials(bench: Bench, laid: Plan, ours: Bundle, theirs: Bundle) -> _Compared:
    found = _Compared()
    kinds = {trial.name: trial for trial in laid.contender}
    for run in theirs.run.trials:
        trial = kinds[run.name]
        like = laid.alike.get(run.name, run.name)
        other = next((one for one in ours.run.trials if one.name == like), None)
        if other is None or "no input" in {run.outcome, other.outcome} or other.outcome == "lost":
            continue
        proof = laid.proofs.get(run.name)
        stages = _stages(bench, (ours, theirs), (other, run), proof)
        if trial.kind == "repeat":
            if stages and other.outcome == run.outcome == "returned":
                found.repeats[run.name] = _worst(stages) or stages[-1]
            continue
        found.verifications.append(
            Verification(
                parameters=other.parameters,
                seed=trial.seed,
                baseline_run=ours.run.id,
                contender_run=theirs.run.id,
                stages=stages,
                baseline_metrics=other.metrics,
                contender_metrics=run.metrics,
                reason=proof.reason if proof else "",
                name=trial.name,
                kind=trial.kind,
                baseline_error=_error(other),
                contender_error=_error(run),
            )
        )
    return found


def _error(run: TrialRun) -> str:
    if run.outcome == "returned":
        return ""
    where = f" in stage {run.stage}" if run.stage else ""
    return f"{run.error}{where}"


def _stages(
    bench: Bench, sides: tuple[Bundle, Bundle], runs: tuple[TrialRun, TrialRun], proof: Proof | None
) -> tuple[Equivalence, ...]:
    """Compare one trial's stages; where exceptions came in between, none."""
    (ours, theirs), (b, c) = sides, runs
    if b.outcome != "returned" and c.outcome != "returned":
        return ()
    if b.outcome != c.outcome:
        raised = (
            f"the contender raised {_error(c)}"
            if c.outcome != "returned"
            else f"the baseline raised {_error(b)}"
        )
        other = "the baseline returned" if c.outcome != "returned" else "the contender returned"
        return (Equivalence(stage=comparator.RESULT, verdict="different", reason=f"{raised}, {other}"),)
    mapped = bench.pipeline.stages
    return mapping.with_fused(
        comparator.compare(
            b.checkpoints,
            mapping.renamed(c.checkpoints, mapped),
            baseline_folder=ours.folders[b.name],
            contender_folder=theirs.folders[c.name],
            tolerances=bench.pipeline.tolerances,
            rtol=proof.rtol if proof else None,
            stages=_paths(b),
            contender_stages=mapping.renamed_paths(_paths(c), mapped),
        ),
        mapped,
    )


def _differential(bench: Bench, fed: Fed) -> tuple[Equivalence, ...]:
    """Compare what the contender's stages made of the baseline's input."""
    stages = list(dict.fromkeys(one.stage for one in (*fed.ours, *fed.theirs) if one.stage))
    found = comparator.compare(
        [one for one in fed.ours if one.stage],
        fed.theirs,
        baseline_folder=fed.ours_folder,
        contender_folder=fed.theirs_folder,
        tolerances=bench.pipeline.tolerances,
        stages=stages,
        contender_stages=stages,
    )
    checked = [one for one in found if one.stage != comparator.RESULT and one.stage not in fed.reasons]
    return (
        *checked,
        *(Equivalence(stage=stage, verdict="not checked", reason=why) for stage, why in fed.reasons.items()),
    )


def _irreproducible(bench: Bench, laid: Plan, ours: Bundle, fed: Fed) -> frozenset[str]:
    """Return the stages in which the baseline, on the same seed in another process, is not the same."""
    name = laid.fed.name if laid.fed is not None else ""
    first = next((one for one in ours.run.trials if one.name == name and one.outcome == "returned"), None)
    if first is None:
        return frozenset()
    stages = list(dict.fromkeys(one.stage for one in fed.ours if one.stage))
    counts = {stage: sum(one.stage == stage for one in fed.ours) for stage in ["", *stages]}
    found = comparator.compare(
        [one for one in first.checkpoints if one.occurrence < counts.get(one.stage, 0)],
        fed.ours,
        baseline_folder=ours.folders[name],
        contender_folder=fed.ours_folder,
        tolerances=bench.pipeline.tolerances,
        stages=stages,
        contender_stages=stages,
    )
    wrong = {one.stage for one in found if one.verdict == "different"}
    # What follows from a random stage is random too, and not every stage was looked at.
    return frozenset({*wrong, *_paths(first), comparator.RESULT}) if wrong else frozenset()


def _weak_checks(bench: Bench, laid: Plan, ours: Bundle) -> tuple[WeakCheck, ...]:
    """Plant wrong outputs, on the smaller input where there is one: it costs less there."""
    runs = {one.name: one for one in ours.run.trials if one.outcome == "returned"}
    names = [trial.name for trial in (laid.fed, laid.decoy) if trial is not None and trial.name in runs]
    name = names[0] if names else "main"
    previous = names[1] if len(names) > 1 else ""
    return plants.weak_checks(
        runs[name].checkpoints,
        ours.folders[name],
        tolerances=bench.pipeline.tolerances,
        previous=runs[previous].checkpoints if previous else (),
        previous_folder=ours.folders[previous] if previous else None,
    )


def _side(bench: Bench, held: Bundle, timed: tuple[TimingRun, ...]) -> Side:
    source = (bench.project.root / held.run.variant.path).read_text(errors="replace")
    return Side(
        source=source,
        run=held.run,
        exit_cpu_s=held.exit_cpu_s,
        peak_rss_bytes=held.peak_rss_bytes,
        import_s=held.import_s,
        timed=timed,
        folders=held.folders,
    )


# ---------------------------------------------------------------- precision


def _lowered(bench: Bench, ours: Bundle, theirs: Bundle) -> dict[str, tuple[str, str]]:
    """Return the stages of the main trial whose values look computed in a narrower type."""
    found: dict[str, tuple[str, str]] = {}
    renamed = mapping.renamed(theirs.run.trials[0].checkpoints, bench.pipeline.stages)
    there = {(one.stage, one.occurrence): one for one in renamed}
    for one in ours.run.trials[0].checkpoints:
        other = there.get((one.stage, one.occurrence))
        name = one.stage or comparator.RESULT
        if other is None or name in found or name in bench.pipeline.stochastic:
            continue
        for dtype, left, right in _float_arrays(one, other, ours, theirs):
            lower = precision.lowered_to(left, right, dtype)
            if lower is not None:
                bits = precision.matching_bits(left, right, dtype)
                found[name] = (
                    lower,
                    f"its values agree with the baseline's in {bits or 0:.0f} bits ({dtype})",
                )
                break
    return found


def _float_arrays(
    one: Checkpoint, other: Checkpoint, ours: Bundle, theirs: Bundle
) -> Iterator[tuple[str, Raw, Raw]]:
    """Yield arrays that differ, by dtype; single numbers, as in a short list, together as one array."""
    small: dict[str, list[tuple[Raw, Raw]]] = {}
    for b, c in _matched_floats(one, other):
        both = arrays.load_both(b, c, ours.folders["main"], theirs.folders["main"])
        if both is None:
            continue
        left, right = both.baseline, both.contender
        if left.size < _SMALL:
            small.setdefault(b.dtype, []).append((left, right))
        else:
            yield b.dtype, left, right
    for dtype, pairs in small.items():
        yield (
            dtype,
            np.concatenate([left for left, _ in pairs]),
            np.concatenate([right for _, right in pairs]),
        )


def _matched_floats(one: Checkpoint, other: Checkpoint) -> Iterator[tuple[Leaf, Leaf]]:
    leaves = {leaf.path: leaf for leaf in other.leaves if leaf.kind == "array"}
    for b in one.leaves:
        c = leaves.get(b.path)
        if b.kind != "array" or c is None or b.digest == c.digest or default_rtol(b.dtype) is None:
            continue
        if b.dtype == c.dtype and b.shape == c.shape and b.sampled == c.sampled:
            yield b, c
