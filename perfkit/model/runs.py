"""What a process reports, and what is kept of a clean, timed one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from perfkit.model.pipelines import Variant
from perfkit.model.words import SCHEMA, Metrics, Parameters


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
class Disturbance:
    """What came in between while ``run`` was timed; None where the system does not tell.

    Attributes
    ----------
    waited_s
        How long the main thread was ready to run but waited for a core.
    switches
        How often the process was taken off its core against its will.
    major_faults
        Page faults that had to read from a disk.
    stolen_s
        How long the hypervisor kept the machine's cores for others, over the whole process.
    stopped_s
        How long the process's control group was stopped because its CPU quota was used up, over the whole
        process and all cores.
    heat_stops
        How often heat lowered a core's clock rate, over the whole process.
    """

    waited_s: float | None = None
    switches: int | None = None
    major_faults: int | None = None
    stolen_s: float | None = None
    stopped_s: float | None = None
    heat_stops: int | None = None


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
    base_rss_bytes
        Resident memory when ``run`` was called, imports and inputs included; ``None`` where the system does
        not tell.
    disturbance
        What came in between.
    first_s
        Wall time of the first call, which is `run_s` itself if it is the only one.
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
    disturbance: Disturbance = Disturbance()
    first_s: float = 0.0
    base_rss_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a worker reports of a run that raised.

    Attributes
    ----------
    phase
        Where: ``import``, ``contract`` (a function is missing), ``parameters``, ``inputs``, ``profiler`` (it
        cannot be made), ``run``, or ``record`` (keeping what the run left behind).
    stage
        The innermost stage that was open, if any.
    """

    phase: Literal["import", "contract", "inputs", "parameters", "profiler", "run", "record"]
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
    launch
        How its process came about; of a fork, `process_s` and `import_s` hold the start and the import of the
        process it was forked from.
    repeats
        0: `run_s`, `cpu_s` and `stages` are those of the first call. Otherwise means over so many calls
        after the first, which is `first_s`.
    cpu
        The core that the process was pinned to; None if it was not.
    disturbance
        What came in between.
    base_rss_bytes
        Resident memory when ``run`` was called: what lies above it at the peak is the run's own.
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
    launch: Literal["spawn", "fork"] = "spawn"
    repeats: int = 0
    first_s: float = 0.0
    cpu: int | None = None
    disturbance: Disturbance = Disturbance()
    base_rss_bytes: int | None = None
