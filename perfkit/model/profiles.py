"""What profilers report: where the time went, with times inflated by the profiler.

A `ProfileRun` explains and never yields a speedup: nothing that computes one accepts it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from perfkit.model.pipelines import Variant
from perfkit.model.runs import StageTiming
from perfkit.model.words import SCHEMA, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCost:
    """One function under cProfile; its times are inflated by the tracer.

    Attributes
    ----------
    file
        Relative to the project's root where it lies in it; ``~`` for built-in functions.
    qualified
        Qualified name, such as ``Encoder.forward``; empty where it is not known.
    """

    file: str
    line: int
    name: str
    calls: int
    primitive_calls: int
    self_s: float
    cumulative_s: float
    qualified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCosts:
    """What functions cost within one stage, its inner stages excluded.

    Attributes
    ----------
    path
        The stage's path; empty for what no stage covers.
    total_s
        Wall time under the profiler, without that of inner stages.
    functions
        Of calls that ended in the stage; their self times and `rest_s` add up to `total_s`.
    rest_s
        What no function's self time covers: mostly the profiler's own.
    folded
        Paths of inner stages whose costs are contained here: they were entered too often to be told apart.
    """

    path: str
    total_s: float
    functions: tuple[FunctionCost, ...]
    rest_s: float = 0.0
    folded: tuple[str, ...] = ()


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
class StackFrame:
    """One entry of a call stack.

    Attributes
    ----------
    file, line
        Where the function is defined; empty and 0 for a stage.
    name
        Qualified name where it is known; a stage's path.
    """

    file: str
    line: int
    name: str
    kind: Literal["function", "built-in", "stage"] = "function"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTree:
    """Call stacks, merged into a tree: all tuples but `frames` have one entry a node, parents first.

    Attributes
    ----------
    frames
        Each different entry once.
    frame
        Index of the node's entry in `frames`.
    parent
        Index of the parent's node; -1 for a root.
    self_s
        Seconds in the node itself, without its children.
    samples
        How many samples those are; empty where it was not sampled.
    approximate
        Whether the stacks were guessed from callers and callees, as those of cProfile are.
    interval_s
        Between samples, if it was sampled.
    """

    frames: tuple[StackFrame, ...]
    frame: tuple[int, ...]
    parent: tuple[int, ...]
    self_s: tuple[float, ...]
    samples: tuple[int, ...] = ()
    approximate: bool = False
    interval_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMemory:
    """Resident memory while a stage ran, over all of its calls.

    Attributes
    ----------
    path
        The stage's path; empty for all of ``run``.
    base_bytes
        When it was entered, the least of its calls.
    peak_bytes
        The most, inner stages included.
    grown_bytes
        The largest difference of the two within one call.
    """

    path: str
    base_bytes: int
    peak_bytes: int
    grown_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Memory that one line held when the process held the most.

    Attributes
    ----------
    size_bytes, count
        Held at that moment, in so many allocations.
    function
        Name of the function that the line belongs to.
    """

    file: str
    line: int
    function: str
    size_bytes: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCost:
    """One of torch's operators within a stage, as torch.profiler saw it.

    Attributes
    ----------
    stage
        Path of the innermost stage; empty outside of all.
    self_cpu_s, cpu_s
        Without and with the operators that it calls.
    self_device_s
        On the accelerator; 0 without one.
    """

    stage: str
    name: str
    calls: int
    self_cpu_s: float
    cpu_s: float
    self_device_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """What one profiler found; each fills the fields that it knows.

    Attributes
    ----------
    functions
        All functions, the greatest self time first.
    stage_costs
        The same, stage by stage.
    lines
        The variant's own functions, line by line.
    tree
        Call stacks.
    memory, allocations
        By stage, and by line at the moment of the peak, the largest first.
    operators
        torch's, by stage, the greatest self time first.
    sources
        Text of the project's own files as they ran, by path relative to its root.
    """

    functions: tuple[FunctionCost, ...] = ()
    stage_costs: tuple[StageCosts, ...] = ()
    lines: tuple[FunctionLines, ...] = ()
    tree: CallTree | None = None
    memory: tuple[StageMemory, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    operators: tuple[OperatorCost, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRun(Profiled):
    """A run under a profiler: it explains where time goes and never yields a speedup.

    Attributes
    ----------
    profiler
        Its name in ``perfkit profile --with``: ``cprofile``, ``line``, ``sampling``, ``memory``, ``torch``,
        or that of a plug-in.
    file
        The profiler's own file in the run's folder; empty if it left none.
    traced_s
        Wall time of ``run(inputs)`` under the profiler.
    stages
        Stage times under the profiler, to which the costs of the same run relate.
    warnings
        What the profiler could not see (other threads, child processes).
    python
        Version of the interpreter that ran it; empty where it was not kept.
    """

    schema: int = SCHEMA
    id: str
    variant: Variant
    inputs_from: str
    profiler: str
    seed: int
    parameters: Parameters
    started_at: str
    file: str
    traced_s: float
    stages: tuple[StageTiming, ...]
    warnings: tuple[str, ...] = ()
    python: str = ""
