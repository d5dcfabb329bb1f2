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
JobKind: TypeAlias = Literal["time", "verify", "cprofile", "line"]
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
    """

    rtol: float | None = None
    reason: str = ""


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
    """

    name: str
    variants: dict[str, str]
    size: str | None = None
    target: float | None = None
    tolerances: dict[str, Tolerance] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()


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
    """

    kind: JobKind
    root: str
    variant_path: str
    inputs_path: str
    seed: int
    parameters: Parameters
    folder: str


# ---------------------------------------------------------------- what a process reports


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
    """

    path: str
    kind: Literal["array", "exact", "opaque"]
    type: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    digest: str = ""
    file: str = ""
    text: str = ""


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
class CheckpointRun:
    """A run whose stages' values were recorded; never timed."""

    schema: int = SCHEMA
    id: str
    variant: Variant
    inputs_from: str
    seed: int
    parameters: Parameters
    started_at: str
    stages: tuple[StageTiming, ...]
    checkpoints: tuple[Checkpoint, ...]
    metrics: Metrics


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
    """

    parameters: Parameters
    seed: int
    baseline_run: str
    contender_run: str
    stages: tuple[Equivalence, ...]
    baseline_metrics: Metrics
    contender_metrics: Metrics
    reason: str = ""


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
    """One baseline run and one contender run, measured one after the other."""

    plan: PairPlan
    baseline_run: str
    contender_run: str


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
    verifications: tuple[Verification, ...]
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
