"""What a verification's values say: compared, judged where they are random, put before the honesty checks."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse import levels
from perfkit.api import stochastic
from perfkit.errors import UsageError
from perfkit.model import Equivalence, Scrutiny, Verification
from perfkit.verify import arrays, comparator, mapping, plants, precision
from perfkit.verify.dtypes import default_rtol
from perfkit.verify.honesty import examine
from perfkit.verify.honesty.evidence import Evidence, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from perfkit.api.bench import Bench
    from perfkit.api.sessions import Bundle
    from perfkit.model import Checkpoint, Leaf, Parameters, Proof, TimingRun, TrialRun, WeakCheck
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
class Compared:
    """What both sides gave for each trial, compared; how many small inputs were searched."""

    verifications: list[Verification] = field(default_factory=list)
    repeats: dict[str, Equivalence] = field(default_factory=dict)
    tried: int = 0


def check_mapping(bench: Bench, ours: Bundle, theirs: Bundle) -> None:
    """See that the configuration maps stages that there are; UsageError if it does not."""
    where = f"tool.perfkit.pipelines.{bench.pipeline.name}.stages"
    sides = [paths(one.run.trials[0]) for one in (ours, theirs)]
    mapping.check(bench.pipeline.stages, sides[0], sides[1], where)


def paths(run: TrialRun) -> list[str]:
    """Return the stages that ran, in their order."""
    return list(dict.fromkeys(stage.path for stage in run.stages))


def conclude(
    bench: Bench,
    laid: Plan,
    ours: Bundle,
    theirs: Bundle,
    *,
    fed: Fed | str,
    timed: Timed | None,
    searched: Compared,
    announce: Callable[[str], None],
) -> Scrutiny:
    """Compare everything, judge what is random, and ask the honesty checks.

    Parameters
    ----------
    laid
        What was planned.
    ours, theirs
        What both sides left.
    fed
        What came of feeding the contender's stages; why nothing did.
    timed, searched
        The timed runs, and what a search found.
    announce
        Told what is being done.
    """
    compared = compare_trials(bench, laid, ours, theirs)
    compared.verifications += searched.verifications
    there = fed if not isinstance(fed, str) else None
    random = _random_verdicts(bench, laid, ours, theirs, announce)
    doubtful = _irreproducible(bench, laid, ours, there) if there is not None else frozenset()
    judge = Judge(random=random, doubtful=doubtful, unpromised=_unpromised(ours, theirs))
    verifications = tuple(judge.verification(one) for one in compared.verifications)
    differential = judge.differential(_differential(bench, there) if there is not None else (), verifications)
    evidence = Evidence(
        pipeline=bench.pipeline,
        baseline=_side(bench, ours, timed.baseline if timed else ()),
        contender=_side(bench, theirs, timed.contender if timed else ()),
        verifications=verifications,
        repeats={} if comparator.RESULT in {*random, *doubtful} else compared.repeats,
        differential=differential,
        at_import=there.at_import if there is not None else (),
        planted=next((one for one in there.planted if not one.stage), None) if there is not None else None,
        planted_at=laid.fed.name if laid.fed is not None else "",
        lowered=_lowered(bench, ours, theirs),
        sizes=laid.sizes,
        full_size=laid.full_size,
    )
    timed_result = _worst(timed.results) if timed is not None else None
    return Scrutiny(
        verifications=verifications,
        differential=differential,
        differential_at=laid.fed.name if laid.fed is not None and differential else "",
        timed=judge.stage(timed_result) if timed_result is not None else None,
        findings=(*examine(evidence), *levels.check(ours.run.trials[0].metrics)),
        weak_checks=_weak_checks(bench, laid, ours),
        planted=plants.plantable(ours.run.trials[0].checkpoints, ours.folders["main"]),
        untried=(*laid.untried, *_untried(ours), *_unfed(fed)),
        searched=searched.tried,
    )


def unverified(bench: Bench, why: str, timed: Timed | None) -> Scrutiny:
    """Return what is known where nothing can be verified: at most, what the timed runs returned.

    Parameters
    ----------
    why
        The reason, without a full stop.
    """
    worst = _worst(timed.results) if timed is not None else None
    if worst is not None and comparator.RESULT in bench.pipeline.stochastic:
        worst = dataclasses.replace(worst, verdict="not checked", reason="it is declared random")
    return Scrutiny(timed=worst, impossible=why)


def _unfed(fed: Fed | str) -> Iterator[str]:
    if isinstance(fed, str) and fed:
        yield f"Each stage on the baseline's own input: {fed.rstrip('.')}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Replaces verdicts on values that are random, declared or found to be.

    Attributes
    ----------
    random
        By stage: the verdict of the declared test, which was made with the main parameters.
    doubtful
        Stages in which the baseline does not repeat itself.
    unpromised
        Names of stages, without those around them, that nobody said are outputs.
    """

    random: dict[str, Equivalence]
    doubtful: frozenset[str]
    unpromised: frozenset[str] = frozenset()

    def stage(self, one: Equivalence) -> Equivalence:
        """Judge one stage of the main input."""
        if one.stage.rpartition("/")[2] in self.unpromised:
            one = dataclasses.replace(one, promised=False)
        if one.stage in self.random:
            return self.random[one.stage]
        if one.verdict == "different" and one.stage in self.doubtful:
            reason = (
                "the baseline itself gives another output for the same seed; declare the stage stochastic"
            )
            return dataclasses.replace(one, verdict="inconclusive", reason=reason)
        return one

    def verification(self, one: Verification) -> Verification:
        """Judge one trial: an exception is no matter of chance, and a test holds for its own parameters."""
        if one.baseline_error or one.contender_error:
            return one
        if one.kind == "main":
            return dataclasses.replace(one, stages=tuple(self.stage(stage) for stage in one.stages))
        stages = []
        for stage in one.stages:
            if stage.stage not in self.random:
                stages.append(self.stage(stage))
            elif one.kind == "proof":
                reason = "it is random, and was tested with the main parameters alone"
                stages.append(dataclasses.replace(stage, verdict="not checked", reason=reason))
        return dataclasses.replace(one, stages=tuple(stages))

    def differential(
        self, found: Sequence[Equivalence], verifications: Sequence[Verification]
    ) -> tuple[Equivalence, ...]:
        """Judge the stages that were fed: where nothing differs end to end, arguments mean something else."""
        kept = [self.stage(one) for one in found if one.stage not in self.random]
        if any(
            stage.verdict == "different"
            for one in verifications
            if one.kind != "edge"
            for stage in one.stages
        ):
            return tuple(kept)
        reason = "end to end it is equal, so its arguments mean something else than the baseline's"
        return tuple(
            dataclasses.replace(one, verdict="not checked", reason=reason)
            if one.verdict == "different"
            else one
            for one in kept
        )


def _unpromised(ours: Bundle, theirs: Bundle) -> frozenset[str]:
    """Return what nobody said is an output: the stages that perfkit found, and what a script prints."""
    sides = ours.run.variant, theirs.run.variant
    found = {point.name for one in sides if one.found for point in one.points}
    prints = all(one.kind in {"script", "module", "command"} for one in sides)
    return frozenset(found | ({comparator.RESULT} if prints else set()))


def _random_verdicts(
    bench: Bench, laid: Plan, ours: Bundle, theirs: Bundle, announce: Callable[[str], None]
) -> dict[str, Equivalence]:
    """Test every stage that is declared random.

    Raises
    ------
    UsageError
        If there is no such stage.
    """
    there = [comparator.RESULT, *paths(ours.run.trials[0])]
    found = {}
    for stage in bench.pipeline.stochastic:
        if stage not in there:
            where = f"tool.perfkit.pipelines.{bench.pipeline.name}.stochastic"
            raise UsageError(f"{where}: the baseline has no stage {stage!r}; there is {', '.join(there)}")
        announce(f"{stage}, which is random")
        sides = ours.run.variant, theirs.run.variant
        found[stage] = stochastic.compare(bench, *sides, stage, _for_many_runs(laid, ours))
    return found


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


def _untried(ours: Bundle) -> Iterator[str]:
    """Say which inputs could not be tried, on the baseline's side: the contender's failures are findings."""
    left_out = [one for one in ours.run.trials if one.outcome in {"no input", "lost"}]
    for reason in dict.fromkeys(one.error for one in left_out):
        names = [one.name for one in left_out if one.error == reason]
        yield f"{', '.join(names)}: {reason.rstrip('.')}."


def compare_trials(bench: Bench, laid: Plan, ours: Bundle, theirs: Bundle) -> Compared:
    """Compare the values of each trial that the contender ran with the baseline's for the same input."""
    found = Compared()
    kinds = {trial.name: trial for trial in laid.contender}
    for run in theirs.run.trials:
        trial = kinds[run.name]
        like = laid.alike.get(run.name, run.name)
        other = next((one for one in ours.run.trials if one.name == like), None)
        if other is None:
            continue
        proof = laid.proofs.get(run.name)
        if "no input" in {run.outcome, other.outcome} or other.outcome == "lost":
            if proof is None:
                continue
            stages: tuple[Equivalence, ...] = (
                _not_checked(f"it could not be tried: {other.error or run.error}"),
            )
        else:
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


def _not_checked(reason: str) -> Equivalence:
    return Equivalence(stage=comparator.RESULT, verdict="not checked", reason=reason)


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
        return () if proof is None else (_not_checked(f"both sides raise: {_error(b)}"),)
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
            stages=paths(b),
            contender_stages=mapping.renamed_paths(paths(c), mapped),
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
    return frozenset({*wrong, *paths(first), comparator.RESULT}) if wrong else frozenset()


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
    source = bench.file(held.run.variant).read_bytes() if held.run.variant.path else b""
    return Side(
        source=source,
        run=held.run,
        exit_cpu_s=held.exit_cpu_s,
        peak_rss_bytes=held.peak_rss_bytes,
        import_s=held.import_s,
        timed=timed,
    )


# ---------------------------------------------------------------- precision


def _lowered(bench: Bench, ours: Bundle, theirs: Bundle) -> dict[str, tuple[str, str, bool]]:
    """Return the stages of the main trial whose values look computed in a narrower type."""
    found: dict[str, tuple[str, str, bool]] = {}
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
                bits = precision.matching_bits(left, right, dtype) or 0
                text = f"its values agree with the baseline's in {bits:.0f} bits ({dtype})"
                found[name] = (lower, text, precision.is_stored(left, right, dtype))
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
