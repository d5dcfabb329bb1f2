"""Every record that perfkit stores, analyses or renders.

Frozen, slotted, keyword-only dataclasses; units in the names. The records are written as JSON and read back
into the same classes (see `perfkit.store`). A clean timing (`TimingRun`) and a profile (`ProfileRun`) are
different types on purpose: nothing that computes a speedup accepts a `ProfileRun`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

SCHEMA = 1
"""The version of the stored records; a reader refuses a newer one."""

Scalar: TypeAlias = bool | int | float | str | None
Parameters: TypeAlias = dict[str, Scalar]
Metrics: TypeAlias = dict[str, float | None]
"""Numbers that a run reports of itself; ``None`` stands for one that is not finite."""
Side: TypeAlias = Literal["baseline", "contender"]
JobKind: TypeAlias = Literal["time", "describe", "verify", "differ", "thorough", "cprofile", "line"]
TrialKind: TypeAlias = Literal["main", "proof", "size", "edge", "repeat"]
ProfilerName: TypeAlias = Literal["cprofile", "line"]
Verdict: TypeAlias = Literal[
    "identical",
    "equal within tolerance",
    "statistically equivalent",
    "different",
    "not checked",
    "inconclusive",
]

# ---------------------------------------------------------------- what is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One implementation of a pipeline: a module with ``run(inputs)``.

    Attributes
    ----------
    name
        What the user calls it: ``baseline``, ``optimized``.
    pipeline
        The pipeline's name.
    path
        Its file, relative to the project's root, with forward slashes.
    source_sha256
        Digest of the file, so that a stored run can be matched with the code it ran.
    """

    name: str
    pipeline: str
    path: str
    source_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far a contender's floating-point values may lie from the baseline's.

    A value passes if ``|c - b| <= rtol * (|b| + rms(b))``, where the root mean square is that of the
    baseline's finite values in the same array. The absolute part is never a constant: a constant would
    let zeros pass where values are small.

    Attributes
    ----------
    rtol
        Relative tolerance; ``None`` stands for the default of the value's dtype.
    reason
        Why this tolerance and not the default; must be given for a looser one.
    dtype
        The contender's floating-point values may be of this dtype instead of the baseline's, declared with
        the reason; empty: a change of dtype is `different`.
    """

    rtol: float | None = None
    reason: str = ""
    dtype: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A further verification with other parameters, such as training in float64.

    Attributes
    ----------
    parameters
        The parameters that differ from the main run's.
    rtol
        The tolerance for every floating-point value of this verification.
    reason
        What this verification proves, in a sentence for the report.
    """

    parameters: Parameters
    rtol: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMapping:
    """Which stages of the contender answer to one of the baseline's.

    Attributes
    ----------
    contender
        Paths of the contender's stages: one if it was renamed, several if it was split; their times add up,
        and the last one's value is compared.
    fused_into
        The baseline's stage whose counterpart does this one's work too; its value cannot be compared then.
    """

    contender: tuple[str, ...] = ()
    fused_into: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stochastic:
    """A declared random output: equivalent if the mean difference of a statistic lies within a margin.

    Attributes
    ----------
    of
        Where the numbers lie in the value, as Python would write it: ``['accuracy']``; empty for the value.
    statistic
        What is computed of the numbers of one run.
    margin
        The largest difference of the means that does not matter, in the statistic's own unit.
    relative
        The margin is a share of the baseline's mean instead.
    reason
        Why that margin, and why the output is random.
    runs
        The most runs that may be spent on it.
    """

    statistic: Literal["mean", "median", "std", "min", "max"]
    margin: float
    reason: str
    of: str = ""
    runs: int = 60
    relative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A pipeline as configured: its variants and what the report should hold it to.

    Attributes
    ----------
    size
        The parameter of ``make_inputs`` that scales the input, if known.
    target
        The speedup that the report is measured against, if any.
    tolerances
        By stage path; the default applies elsewhere.
    stages
        By the baseline's stage path: which stage of the contender answers to it, where the name differs.
    stochastic
        By stage path or ``result``: what is random there, and how it is compared.
    declared
        By the name of a check: why what it would find is meant.
    """

    name: str
    variants: dict[str, str]
    size: str | None = None
    target: float | None = None
    tolerances: dict[str, Tolerance] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()
    stages: dict[str, StageMapping] = field(default_factory=dict)
    stochastic: dict[str, Stochastic] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that a worker process needs to know: one variant, run once.

    Attributes
    ----------
    root
        The project's root, absolute.
    variant_path, inputs_path
        The module to run, and the one whose ``make_inputs`` serves both sides; relative to `root`.
    folder
        An existing folder for what the run leaves behind (profiles, checkpoints), absolute.
    trials
        What a verification runs, one after the other in one process.
    probing
        Whether a verification also calls ``run`` again and again, to see what the process remembers.
    nearby
        The trial at a size near the full one, if there is one.
    stages
        For a differential verification: the contender's stage that answers to a stage of the baseline, where
        the name differs; an empty name if none does.
    size, tolerances, mapped
        For a search among small inputs: the parameter to vary, if one is known, and what of the pipeline's
        configuration bears on the comparison.
    """

    kind: JobKind
    root: str
    variant_path: str
    inputs_path: str
    seed: int
    parameters: Parameters
    folder: str
    trials: tuple[Trial, ...] = ()
    probing: bool = False
    nearby: str = ""
    stages: dict[str, str] = field(default_factory=dict)
    size: str = ""
    tolerances: dict[str, Tolerance] = field(default_factory=dict)
    mapped: dict[str, StageMapping] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One call of ``run`` in a verification.

    Attributes
    ----------
    name
        Unique in its verification, for the reader: ``n_samples=375``.
    parameters
        For ``make_inputs``: what differs from its defaults.
    edge
        How the numbers of the input are changed, a key of `perfkit.verify.edges.EDGES`; empty for not at all.
    onto
        Name of an earlier trial whose input objects get this trial's content, in place; empty for none.
    optional_after_s
        The trial is left out if the first one took longer than this, CPU seconds; None: it never is.
    """

    name: str
    kind: TrialKind
    seed: int
    parameters: Parameters
    edge: str = ""
    onto: str = ""
    optional_after_s: float | None = None


# ---------------------------------------------------------------- what a process reports


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUse:
    """A file outside Python's own and the installed packages that the process opened.

    Attributes
    ----------
    path
        Relative to the project's root where it lies in it.
    phase
        ``import``, ``inputs``, ``run`` or ``after``.
    """

    path: str
    mode: Literal["read", "write"]
    phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """What a worker saw of its process besides times; fields that its kind of job does not fill are empty.

    Attributes
    ----------
    body_cpu_s
        CPU time of the variant's own module body, its imports loaded beforehand.
    inputs_cpu_s
        CPU time of ``make_inputs``.
    exit_cpu_s
        CPU time of the process between its reply and its end.
    inputs_from
        File, line and name of the ``make_inputs`` that was called.
    files
        Opened files; with the phase in which it happened.
    reread
        Files that one call wrote and a later one read.
    threads, processes
        How many Python threads were started by import and run; what child processes.
    peeks
        Where the variant's own code looked into frames or the garbage collector's objects.
    tampered
        Clocks, comparison functions and parts of perfkit that were replaced.
    tracers
        Active tracers and profilers that slow the process down.
    settings
        Of the process, that bear on its speed.
    busy_threads
        Threads that still ran code of the project when ``run`` returned.
    exit_callbacks
        What the project's code registered to be called when the process ends.
    idle
        What the project's code did in ``run`` of the first trial that is no work: seconds in ``time.sleep``
        and ``gc.collect``, and how often it read a clock.
    """

    body_cpu_s: float | None = None
    inputs_cpu_s: float | None = None
    exit_cpu_s: float | None = None
    inputs_from: str = ""
    files: tuple[FileUse, ...] = ()
    reread: tuple[str, ...] = ()
    threads: int = 0
    processes: tuple[str, ...] = ()
    peeks: tuple[str, ...] = ()
    tampered: tuple[str, ...] = ()
    tracers: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    busy_threads: tuple[str, ...] = ()
    exit_callbacks: tuple[str, ...] = ()
    idle: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTiming:
    """One stage of one run.

    Attributes
    ----------
    path
        Such as ``feature_extraction/normalise``.
    total_s
        Wall time of all its calls, its children included.
    in_main_thread
        False for a stage opened in another thread: it overlaps the others and is part of no sum.
    """

    path: str
    calls: int
    total_s: float
    in_main_thread: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a worker reports of a run that went well.

    Attributes
    ----------
    import_s, inputs_s, run_s
        Wall time of importing the variant, of ``make_inputs``, and of ``run(inputs)``.
    cpu_s
        CPU time of the process (all threads) during ``run``.
    peak_rss_bytes
        Peak resident memory during ``run``, imports and inputs included; ``None`` where the system does
        not tell.
    metrics
        The numbers in the dictionary that ``run`` returned, if it returned one.
    parameters
        All keyword parameters of ``make_inputs``, defaults included.
    warnings
        What a profiler could not see.
    recording_s
        Wall time that keeping the result took after the clock had stopped.
    process_cpu_s
        CPU time of the process, its ended children included, up to its reply.
    result
        What ``run`` returned, if it is small and plain, written by `perfkit.measure.plain`.
    observed
        What was seen besides.
    """

    import_s: float
    inputs_s: float
    run_s: float
    cpu_s: float
    peak_rss_bytes: int | None
    stages: tuple[StageTiming, ...]
    metrics: Metrics
    parameters: Parameters
    warnings: tuple[str, ...] = ()
    recording_s: float = 0.0
    process_cpu_s: float = 0.0
    result: str = ""
    observed: Observations = Observations()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a worker reports of a run that raised.

    Attributes
    ----------
    phase
        Where: ``import``, ``contract`` (a function is missing), ``parameters``, ``inputs``, ``run``, or
        ``record`` (keeping what the run left behind).
    stage
        The innermost stage that was open, if any.
    """

    phase: Literal["import", "contract", "inputs", "parameters", "run", "record"]
    error: str
    message: str
    traceback: str
    stage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingRun:
    """A clean run of one variant in a process of its own: the only source of speedups.

    Attributes
    ----------
    process_s
        Wall time of the whole process, from its start to its end, as the parent saw it.
    load_before
        The machine's one-minute load average before the run.
    parameters
        All keyword parameters of ``make_inputs``, defaults included.
    """

    schema: int = SCHEMA
    id: str
    variant: Variant
    inputs_from: str
    seed: int
    hash_seed: int
    parameters: Parameters
    started_at: str
    process_s: float
    import_s: float
    inputs_s: float
    run_s: float
    cpu_s: float
    peak_rss_bytes: int | None
    load_before: float
    stages: tuple[StageTiming, ...]
    metrics: Metrics
    observed: Observations = Observations()


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCost:
    """One function under cProfile; its times are inflated by the tracer.

    Attributes
    ----------
    file
        Relative to the project's root where it lies in it; ``~`` for built-in functions.
    """

    file: str
    line: int
    name: str
    calls: int
    primitive_calls: int
    self_s: float
    cumulative_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCost:
    """One line under line_profiler.

    Attributes
    ----------
    line
        Line number in the file as it was when the run was recorded.
    """

    line: int
    hits: int
    time_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionLines:
    """One function of the variant's own file: its source as it ran, and what its lines cost.

    Attributes
    ----------
    name
        Qualified name.
    stage
        The stage that the function is, if it is decorated, or the one whose block it holds.
    source
        The function's lines, the first of which is line `first_line` of the file.
    calls
        Names of functions of the same file that it calls.
    """

    name: str
    file: str
    first_line: int
    stage: str | None
    source: tuple[str, ...]
    lines: tuple[LineCost, ...]
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRun:
    """A run under a profiler: it explains where time goes and never yields a speedup.

    Attributes
    ----------
    file
        The profiler's own file in the run's folder.
    traced_s
        Wall time of ``run(inputs)`` under the profiler.
    stages
        Stage times under the profiler, to which the costs of the same run relate.
    warnings
        What the profiler could not see (other threads, child processes).
    """

    schema: int = SCHEMA
    id: str
    variant: Variant
    inputs_from: str
    profiler: ProfilerName
    seed: int
    parameters: Parameters
    started_at: str
    file: str
    traced_s: float
    stages: tuple[StageTiming, ...]
    functions: tuple[FunctionCost, ...] = ()
    lines: tuple[FunctionLines, ...] = ()
    warnings: tuple[str, ...] = ()


# ---------------------------------------------------------------- verification


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


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationReport:
    """A verification of its own, without timed runs."""

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


# ---------------------------------------------------------------- comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The machine and the software that a comparison ran on.

    Attributes
    ----------
    packages
        Versions of the distributions that the variants import, and perfkit's.
    variables
        Environment variables that steer threads and Python, as the workers saw them.
    """

    python: str
    implementation: str
    platform: str
    cpu: str
    cores: int
    usable_cores: int
    memory_bytes: int
    load: tuple[float, float, float]
    governor: str
    packages: dict[str, str]
    variables: dict[str, str]
    git_commit: str
    git_dirty: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPlan:
    """What the schedule lays down for one pair before anything is measured.

    Attributes
    ----------
    order
        Which side runs first.
    seed
        Seed of the inputs, the same for both sides.
    hash_seed, padding
        ``PYTHONHASHSEED`` and the length of a dummy environment variable: drawn anew for each pair and the
        same on both sides, so that memory layout is noise rather than bias.
    """

    index: int
    order: tuple[Side, Side]
    seed: int
    hash_seed: int
    padding: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One baseline run and one contender run, measured one after the other.

    Attributes
    ----------
    result
        What the two timed runs returned, compared; None if it was not.
    """

    plan: PairPlan
    baseline_run: str
    contender_run: str
    result: Equivalence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A baseline and a contender compared: which runs, under which plan, with what outcome.

    Attributes
    ----------
    parameters
        All keyword parameters of ``make_inputs``, defaults included.
    overrides
        The parameters that the user set.
    seed
        Seed of the schedule, from which the pairs' seeds are drawn.
    stopped_because
        Why no more pairs were measured, one sentence.
    profiles
        Ids of the profile runs that belong to it.
    notes
        What the reader of the report should know, one sentence each.
    sequential
        Whether the number of pairs depended on what was measured.
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
    budget_s: float
    precision: float
    pairs: tuple[Pair, ...]
    stopped_because: str
    scrutiny: Scrutiny
    profiles: tuple[str, ...]
    environment: Environment
    command: str
    notes: tuple[str, ...] = ()
    sequential: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What perfkit is doing, for whoever wants to show it.

    Attributes
    ----------
    doing
        In words: ``pair 3: baseline``.
    done, of
        Steps of this phase that are done, and how many there will be (``None``: not known).
    left_s
        Seconds that this phase will still take, as far as can be told.
    speedup
        The estimate so far.
    """

    phase: Literal["measuring", "verifying", "profiling"]
    doing: str
    done: int
    of: int | None
    left_s: float | None = None
    speedup: Estimate | None = None


# ---------------------------------------------------------------- findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its doubt.

    Attributes
    ----------
    low, high
        The interval; ``None`` when one sample allows none.
    confidence
        Of the interval, 0.95 by default; 0 without one.
    n
        Number of pairs it rests on.
    method
        How the interval was obtained, in words.
    """

    value: float
    low: float | None
    high: float | None
    confidence: float
    n: int
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """One row of the breakdown. Rows of one depth under one parent add up to their parent.

    Attributes
    ----------
    path
        The stage's path; the parent's path for its own code; empty for the total and for what no stage
        covers.
    kind
        ``stage``, ``own code`` (of a stage with children, outside of them), ``outside stages``, ``total``,
        or ``other thread`` (overlaps the rest, part of no sum).
    baseline_s, contender_s
        Mean over the pairs, which is what adds up; ``None`` where the side has no such stage.
    speedup
        Median over the pairs of baseline / contender.
    saved_s, saved_share
        Of the means: seconds, and the share of the total's saving.
    """

    path: str
    depth: int
    kind: Literal["stage", "own code", "outside stages", "total", "other thread"]
    baseline_s: float | None
    contender_s: float | None
    baseline_calls: float
    contender_calls: float
    speedup: Estimate | None
    saved_s: float
    saved_share: float | None
    biggest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Speed, whole and by stage, from clean runs alone.

    Attributes
    ----------
    rows
        Depth first; the total last.
    run, process, import_time, cpu, memory
        Ratio baseline / contender of ``run(inputs)``, of the whole process, of the import, of CPU time,
        and of peak memory (``None`` if unknown).
    verdict
        On speed.
    """

    rows: tuple[StageRow, ...]
    run: Estimate
    process: Estimate
    baseline_s: float
    contender_s: float
    baseline_process_s: float
    contender_process_s: float
    baseline_import_s: float
    contender_import_s: float
    baseline_inputs_s: float
    contender_inputs_s: float
    baseline_cpu_s: float
    contender_cpu_s: float
    baseline_peak_bytes: int | None
    contender_peak_bytes: int | None
    verdict: Literal["faster", "slower", "no difference", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HotLine:
    """A costly line of the baseline, as measured under line_profiler.

    Attributes
    ----------
    share
        Of the time of the stage it serves, under the profiler, 0 to 1.
    """

    line: int
    text: str
    hits: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """A piece of source, cut from a variant's file as it ran.

    Attributes
    ----------
    cut
        True if lines were left out for length.
    """

    file: str
    function: str
    first_line: int
    text: str
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Technique:
    """A way of making code faster, recognised from both sources.

    Attributes
    ----------
    evidence
        What in the two sources shows it, one sentence.
    """

    name: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """One function that carries part of the saving: its problem, before and after."""

    stage: str
    function: str
    hot_lines: tuple[HotLine, ...]
    before: CodeBlock
    after: tuple[CodeBlock, ...]
    techniques: tuple[Technique, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that the comparison left, for the report's list.

    Attributes
    ----------
    path
        Relative to the report's folder.
    size_bytes
        ``None`` for the report itself, which cannot hold its own size.
    """

    path: str
    size_bytes: int | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that a renderer gets: the comparison and what was found in its runs."""

    comparison: Comparison
    breakdown: Breakdown
    timing_runs: dict[str, TimingRun]
    profile_runs: tuple[ProfileRun, ...]
    optimisations: tuple[Optimisation, ...]
    files: tuple[StoredFile, ...]
