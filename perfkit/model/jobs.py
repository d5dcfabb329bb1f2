"""What a worker process is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from perfkit.model.pipelines import StageMapping, StagePoint, Tolerance
from perfkit.model.words import JobKind, Parameters, TrialKind, VariantKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """How a worker gets from a file to what it calls; the fields are those of `Variant`.

    Attributes
    ----------
    paths
        Absolute folders that are searched for modules first, in this order.
    """

    kind: VariantKind = "pipeline"
    target: str = ""
    arguments: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    points: tuple[StagePoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that a worker process needs to know: one variant, run once.

    Attributes
    ----------
    root
        The root of the project, or of the revision of it that is run; absolute.
    variant_path, inputs_path
        The file to run, and the one whose ``make_inputs`` serves both sides; relative to `root` where they
        lie in it.
    working_folder
        Where the process runs, absolute; `root` if it is empty.
    loading, inputs_loading
        How these two are loaded.
    baseline_path, baseline_loading
        For what runs both sides in one process: the baseline, where it is not what makes the inputs.
    undeclared
        Names of the stages that the source of some side does not declare.
    python
        Absolute path of the interpreter; empty for perfkit's own.
    lent
        A folder with what perfkit's own code needs and that interpreter lacks, put at the end of the path; of
        a timed run only when the clock has stopped. Empty for none.
    folder
        An existing folder for what the run leaves behind (profiles, checkpoints), absolute.
    repeats
        Of a timed run: how many further calls are timed together instead of the first.
    serving
        Whether the process forks a child for each of many runs, which are named to it one by one.
    profiler
        Of a profiled run: the profiler's module.
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
    repeats: int = 0
    serving: bool = False
    profiler: str = ""
    trials: tuple[Trial, ...] = ()
    probing: bool = False
    nearby: str = ""
    stages: dict[str, str] = field(default_factory=dict)
    size: str = ""
    tolerances: dict[str, Tolerance] = field(default_factory=dict)
    mapped: dict[str, StageMapping] = field(default_factory=dict)
    working_folder: str = ""
    loading: Loading = Loading()
    inputs_loading: Loading = Loading()
    baseline_path: str = ""
    baseline_loading: Loading = Loading()
    undeclared: tuple[str, ...] = ()
    python: str = ""
    lent: str = ""


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
