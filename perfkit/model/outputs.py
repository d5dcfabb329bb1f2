"""What was compared of the outputs, and the verdicts on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from perfkit.model.machines import Environment
from perfkit.model.pipelines import FoundStages, Pipeline, Variant
from perfkit.model.runs import Observations, StageTiming
from perfkit.model.words import SCHEMA, Metrics, Parameters, TrialKind, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the numbers of one array are like, in short.

    Attributes
    ----------
    minimum, maximum, rms
        Over the finite values; ``None`` where there is none, or where float64 cannot hold it. Complex numbers
        have no order: their `rms` is that of the moduli.
    nan, inf
        How many values are NaN, and how many are infinite.
    """

    minimum: float | None = None
    maximum: float | None = None
    rms: float | None = None
    nan: int = 0
    inf: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One value at one place of a checkpoint's structure.

    Attributes
    ----------
    path
        Where in the checkpoint, as Python would write it: ``['losses'][3]``; empty for the value itself.
    kind
        How it is compared. ``array``: by number; ``exact``: by its text; ``opaque``: not at all.
    type
        Exact type, such as ``numpy.ndarray`` or ``torch.Tensor``.
    digest
        xxh3-128 of an array's bytes or of a container's keys; empty for any other value.
    file
        The ``.npy`` file in the run's folder that holds an array; empty if it is small, or only the digest
        was kept.
    text
        The exact value, or why an opaque value cannot be compared; for a small array its bytes in base64.
    summary
        Of a numeric array; ``None`` for a single number, which says it all itself, and for any other value.
    sampled
        True if the file holds a sample of the array, as `perfkit.verify.samples` draws it; the digest is
        of the whole.
    by
        The plug-in that took this value apart into the leaves below it, with the distribution and its
        version: ``polygons of perfkit-polygons 1.0``. Empty for perfkit itself.
    """

    path: str
    kind: Literal["array", "exact", "opaque"]
    type: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    digest: str = ""
    file: str = ""
    text: str = ""
    summary: Summary | None = None
    sampled: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What one call of one stage returned or handed over.

    Attributes
    ----------
    stage
        The stage's path; ``run`` returning is the stage ````.
    occurrence
        Counts from 0 over the calls of the stage.
    """

    stage: str
    occurrence: int
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One entry into one stage, seen from outside.

    Attributes
    ----------
    arguments
        What a decorated stage was called with, by digest; empty for a block.
    rng_before, rng_after
        Digest of each loaded global generator's state (``random``, ``numpy``, ``torch``).
    """

    stage: str
    occurrence: int
    arguments: tuple[Leaf, ...] = ()
    rng_before: dict[str, str] = field(default_factory=dict)
    rng_after: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRun:
    """What came of one trial.

    Attributes
    ----------
    outcome
        ``returned``; ``raised``, in ``run``; ``no input``: the input could not be made, or the edge does not
        fit it; ``lost``: the process died in it.
    error
        Of an exception: its type and text; of no input: why.
    stage
        The innermost stage that was open when it raised.
    inputs_cpu_s, cpu_s
        CPU time of ``make_inputs``, and of ``run``, recording included.
    rng_after
        Digest of each loaded global generator's state when ``run`` returned.
    computing
        Classes of the project whose instances, handed over as values, compute when they are read; functions.
    mutated
        Places of the input that `run` changed, with the digest of what they became.
    changed_later
        Why the result is not what it was when ``run`` returned; empty if it is.
    overwrote
        The trial before, if this call changed what that one had returned.
    """

    name: str
    outcome: Literal["returned", "raised", "no input", "lost"]
    error: str = ""
    stage: str = ""
    inputs_cpu_s: float = 0.0
    cpu_s: float = 0.0
    rng_after: dict[str, str] = field(default_factory=dict)
    computing: tuple[str, ...] = ()
    parameters: Parameters = field(default_factory=dict)
    inputs_digest: str = ""
    stages: tuple[StageTiming, ...] = ()
    calls: tuple[Call, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    metrics: Metrics = field(default_factory=dict)
    mutated: dict[str, str] = field(default_factory=dict)
    changed_later: str = ""
    overwrote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a process that has called ``run`` before still knows of it.

    Attributes
    ----------
    fresh_s, seen_s
        By stage, and under an empty name for ``run`` as a whole: seconds on inputs that are new to the
        process, and on equal ones again. CPU time for the whole, wall time for the stages.
    nearby_s, beside_s
        CPU time of ``run`` at a size near the full one and at the full one, in turns.
    caches
        Hits, in a repeated run, of each functools cache of the project's that missed on the new input alone.
    problem
        Why there is less than that; empty if nothing is missing.
    """

    fresh_s: dict[str, tuple[float, ...]]
    seen_s: dict[str, tuple[float, ...]]
    nearby_s: tuple[float, ...] = ()
    beside_s: tuple[float, ...] = ()
    caches: dict[str, int] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRun:
    """A process whose stages' values were recorded, in one trial after the other; never timed."""

    schema: int = SCHEMA
    id: str
    variant: Variant
    inputs_from: str
    seed: int
    parameters: Parameters
    started_at: str
    trials: tuple[TrialRun, ...]
    observed: Observations
    memory: Memory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenApart:
    """A type whose values a plug-in took apart, instead of perfkit.

    Attributes
    ----------
    parts
        Their names, as in ``vertices, holes``.
    by
        The plug-in, as in `Leaf`.
    """

    type: str
    parts: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """The verdict on the output of one stage.

    Attributes
    ----------
    stage
        The stage's path, or ``result`` for what ``run`` returned.
    reason
        Why it is different or not checked, one sentence; empty otherwise.
    shapes
        What was compared, in short: ``float64 (3000, 13)``.
    values
        How many numbers and exact values were compared.
    worst_abs
        Largest absolute difference; ``None`` if nothing floating-point was compared, or if it is infinite
        (JSON has no infinity; `reason` names the values).
    worst_rel
        ``|c - b| / (|b| + rms(b))``, the quantity that the tolerance bounds, where it exceeds its tolerance
        most or comes nearest to it; ``None`` as for `worst_abs`.
    worst_at
        Where that is, as Python would write it.
    rtol
        The tolerance applied at the worst place.
    tolerance_reason
        Why that tolerance, if the configuration says so.
    taken_apart
        Which types a plug-in took apart, and into what: what it left out was not compared.
    promised
        Whether somebody said that this is an output. What perfkit itself made a stage need not have one that
        can be compared, and a script need not print.
    """

    stage: str
    verdict: Verdict
    reason: str = ""
    shapes: str = ""
    values: int = 0
    worst_abs: float | None = None
    worst_rel: float | None = None
    worst_at: str = ""
    rtol: float | None = None
    tolerance_reason: str = ""
    taken_apart: tuple[TakenApart, ...] = ()
    promised: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One baseline and one contender on the same inputs, every stage compared.

    Attributes
    ----------
    reason
        What this verification is for, where it is not the main one.
    name, kind
        Of the trial: ``edge`` inputs are no part of what "verified" means.
    baseline_error, contender_error
        What ``run`` raised, if it did.
    """

    parameters: Parameters
    seed: int
    baseline_run: str
    contender_run: str
    stages: tuple[Equivalence, ...]
    baseline_metrics: Metrics
    contender_metrics: Metrics
    reason: str = ""
    name: str = "main"
    kind: TrialKind = "main"
    baseline_error: str = ""
    contender_error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakCheck:
    """A stage whose comparison would have accepted outputs that are wrong.

    Attributes
    ----------
    accepts
        Which planted outputs would have passed: ``zeros``, ``the mean``, ...
    """

    stage: str
    accepts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one honesty check says.

    Attributes
    ----------
    check
        Its name, such as ``memoised_result``.
    verdict
        ``trick``: a claim is wrong in this way; ``different``: outputs differ in this way; with either the
        gate fails. ``caution``: the reader must know; ``clean``; ``inconclusive``: it cannot be decided;
        ``declared``: found, and meant.
    sentence
        What was seen, in one plain sentence with its evidence.
    why
        Why it matters, or for `declared` the reason given.
    stage
        The guilty stage, where there is one.
    """

    check: str
    verdict: Literal["trick", "different", "caution", "clean", "inconclusive", "declared"]
    sentence: str = ""
    why: str = ""
    stage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrutiny:
    """All that was done to see whether a contender's outputs are still right, and its speed honest.

    Attributes
    ----------
    verifications
        The main one first; then the further ones.
    differential
        Each stage of the contender fed with the baseline's own input.
    differential_at
        The trial whose input that was.
    timed
        The results of the timed runs, compared; None if there were none.
    findings
        One for each honesty check, and more where one found more.
    weak_checks
        Comparisons that would have accepted planted wrong outputs.
    planted
        In how many outputs wrong values were planted.
    untried
        What was not tried, and why, one sentence each.
    searched
        How many small inputs were searched for one on which the two sides differ.
    impossible
        Why nothing could be verified, so that what the timed runs returned is all that was compared; empty
        if it could be.
    """

    verifications: tuple[Verification, ...] = ()
    differential: tuple[Equivalence, ...] = ()
    differential_at: str = ""
    timed: Equivalence | None = None
    findings: tuple[Finding, ...] = ()
    weak_checks: tuple[WeakCheck, ...] = ()
    planted: int = 0
    untried: tuple[str, ...] = ()
    searched: int = 0
    impossible: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """A verification of its own, without timed runs.

    Attributes
    ----------
    found
        The stages, if perfkit chose them.
    """

    schema: int = SCHEMA
    id: str
    pipeline: Pipeline
    baseline: Variant
    contender: Variant
    parameters: Parameters
    overrides: Parameters
    seed: int
    started_at: str
    duration_s: float
    scrutiny: Scrutiny
    environment: Environment
    command: str
    found: FoundStages | None = None
